"""Conditions (`when`): made at random, written out, and judged by a second hand's evaluator.

An operand is a Field, a Column, a Call, a list of literals, or a literal: a str, a Decimal, a bool or None. A value is a
pair of its type as `typeof` names it and its content: None, a bool, a Decimal, a str, a list of values, or the pairs of an
object. What is no list literal or call is as exact as it stands in the event.
"""

import json
import re
from decimal import Decimal

import globs
import jsontext
import paths

ORDER = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
MAX_DIGITS = 76
NULL = ("null", None)


class Field(tuple):
    """A field of the event: its steps."""


class Column(tuple):
    """A column of an entity: its alias and its name."""


class Call:
    """A function and its arguments."""

    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments


class _Leaf:
    """What has operands and no parts."""

    operands = ()

    def fields(self):
        return [operand for operand in _nested(self.operands) if isinstance(operand, Field)]

    def columns(self):
        return [operand for operand in _nested(self.operands) if isinstance(operand, Column)]

    def decided(self, event):
        return None if self.columns() else self.holds(event)


class Comparison(_Leaf):
    """Two operands, not both of them literals."""

    def __init__(self, left, operator, right):
        self.left, self.operator, self.right = left, operator, right
        self.operands = (left, right)

    def holds(self, event, columns=None):
        left, right = _value(self.left, event, columns), _value(self.right, event, columns)
        if self.operator in ORDER:
            return left[0] == right[0] == "number" and ORDER[self.operator](left[1], right[1])
        if self.operator == "in":
            return right[0] == "list" and any(_equal(item, left) for item in right[1])
        return _equal(left, right) == (self.operator == "=")

    def write(self, rng):
        gap = rng.choice([" ", " ", "", "  "]) if self.operator != "in" else " "
        right = _written(rng, self.right, marked=not _is_literal(self.left))
        return f"{_written(rng, self.left)}{gap or ' '}{self.operator}{gap}{right}"


class Term(_Leaf):
    """A value that holds where it is true."""

    def __init__(self, operand):
        self.operands = (operand,)

    def holds(self, event, columns=None):
        return _value(self.operands[0], event, columns) == ("bool", True)

    def write(self, rng):
        return _written(rng, self.operands[0])


class Not:
    """The opposite of a condition."""

    def __init__(self, inner):
        self.inner = inner

    def fields(self):
        return self.inner.fields()

    def columns(self):
        return self.inner.columns()

    def holds(self, event, columns=None):
        return not self.inner.holds(event, columns)

    def decided(self, event):
        inner = self.inner.decided(event)
        return None if inner is None else not inner

    def write(self, rng):
        return rng.choice(["not ", "!"]) + f"({self.inner.write(rng)})"


class Joined:
    """Conditions of which all must hold (`and`) or one (`or`)."""

    def __init__(self, word, parts):
        self.word, self.parts = word, parts

    def fields(self):
        return [field for part in self.parts for field in part.fields()]

    def columns(self):
        return [column for part in self.parts for column in part.columns()]

    def holds(self, event, columns=None):
        judge = all if self.word == "and" else any
        return judge(part.holds(event, columns) for part in self.parts)

    def decided(self, event):
        """Kleene's logic: one part that is strong enough decides, else every part must be known."""
        strong = self.word == "or"
        outcomes = [part.decided(event) for part in self.parts]
        return strong if strong in outcomes else None if None in outcomes else not strong

    def write(self, rng):
        # `and` binds tighter, so an `and` within an `or` may go without parentheses.
        def enclosed(part):
            bare = not isinstance(part, Joined) or (self.word == "or" and part.word == "and" and rng.random() < 0.5)
            return part.write(rng) if bare else f"({part.write(rng)})"

        return f" {self.word} ".join(enclosed(part) for part in self.parts)


def _nested(operands):
    for operand in operands:
        yield operand
        if isinstance(operand, Call):
            yield from _nested(operand.arguments)


def _is_literal(operand):
    return not isinstance(operand, (Field, Column, Call))


# Judging


def _value(operand, event, columns):
    """`columns` is a dict by (alias, name) or a function of both: a jsontext.Value, its bytes, or None."""
    if isinstance(operand, Field):
        return _of_json(paths.read(event, operand))
    if isinstance(operand, Column):
        found = columns(*operand) if callable(columns) else (columns or {}).get(tuple(operand))
        return _of_json(jsontext.parse(found) if isinstance(found, bytes) else found)
    if isinstance(operand, Call):
        return _call(operand, [_value(argument, event, columns) for argument in operand.arguments])
    if isinstance(operand, list):
        return "list", [_value(item, event, columns) for item in operand]
    return {str: "string", Decimal: "number", bool: "bool", type(None): "null"}[type(operand)], operand


def _of_json(value):
    if value is None or value.kind == "null":
        return NULL
    if value.kind == "string":
        return "string", value.string()
    if value.kind == "number":
        return "number", Decimal(value.raw().decode())
    if value.kind == "boolean":
        return "bool", value.raw() == b"true"
    if value.kind == "array":
        return "list", [_of_json(item) for item in value.items]
    return "object", [(member.name, _of_json(member.value)) for member in value.members]


def _equal(left, right):
    if left[0] != right[0] or left[0] == "object":
        return False
    if left[0] != "list":
        return left[1] == right[1]
    return len(left[1]) == len(right[1]) and all(map(_equal, left[1], right[1]))


CASES = {
    "lowercase": lambda text: "".join(c.lower() for c in text),
    "uppercase": lambda text: "".join(c.upper() for c in text),
    "snakecase": lambda text: text.replace(" ", "_"),
    "kebabcase": lambda text: text.replace(" ", "-"),
    "titlecase": lambda text: "".join(
        c.upper() if before == " " else c.lower() for before, c in zip(" " + text, text)
    ),
}  # fmt: skip


def _call(call, arguments):
    kind, content = arguments[0]
    if call.name in CASES:
        return ("string", CASES[call.name](content)) if kind == "string" else NULL
    if call.name in ("contains", "match"):
        both = kind == arguments[1][0] == "string"
        if call.name == "contains":
            return "bool", both and arguments[1][1] in content
        is_read = not isinstance(call.arguments[1], str)
        return "bool", both and globs.match(content, arguments[1][1], is_read)
    if call.name == "length":
        return "number", Decimal(_length(kind, content))
    if call.name == "typeof":
        return "string", kind
    if call.name == "bool":
        return "bool", kind != "object" and content not in (None, "", "false", "0", []) and bool(content)
    if call.name == "string":
        text = content if kind == "string" else None if kind in ("null", "object") else _json(kind, content)
        return NULL if text is None else ("string", text)
    if kind == "string" and NUMBER.fullmatch(content) and content.isascii():
        return "number", Decimal(content)
    return (kind, content) if kind == "number" else NULL


def _length(kind, content):
    if kind == "string":
        return len(content.encode("utf-8", "surrogatepass"))
    return len(content) if kind == "list" else 0


def _json(kind, content):
    """Compact JSON, None where a number is too long."""
    if kind == "string":
        text = json.dumps(content, ensure_ascii=False)
        return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
    if kind == "number":
        return _plain(content)
    if kind in ("bool", "null"):
        return json.dumps(content)
    parts = [_json(*item) for item in content] if kind == "list" else [_json(*item) for _, item in content]
    if None in parts:
        return None
    if kind == "list":
        return "[" + ",".join(parts) + "]"
    return "{" + ",".join(_json("string", name) + ":" + part for (name, _), part in zip(content, parts)) + "}"


def _plain(number):
    """The shortest spelling without an exponent."""
    sign, digits, exponent = number.as_tuple()
    digits = "".join(map(str, digits)).lstrip("0")
    exponent += len(digits) - len(digits.rstrip("0"))
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if max(len(digits) + exponent, 1) + max(-exponent, 0) > MAX_DIGITS:
        return None
    digits = digits + "0" * exponent if exponent >= 0 else digits.rjust(1 - exponent, "0")
    text = digits if exponent >= 0 else digits[:exponent] + "." + digits[exponent:]
    return "-" * sign + text


# Making


TEXTS = ["track", "identify", "Viewed", "viewed", "VIEWED", "x", "é", 'q"q', "it's", "", "Order Completed", "true", "0", "1.5"]
NUMBERS = [Decimal(text) for text in ("1", "1.5", "150", "0", "9007199254740993", "-0.25", "3")]
PARTS = ["e", "i", "Vi", "", "x", " ", "é", '"']
PATTERNS = ["*", "V*", "*e*", "?iewed", "[a-z]*", "[A-Z]iewed", "*[dk]", "tr?ck", "\\*", "*\\?*", "", "é", "*é*", "[-x]*", "1*"]
TYPES = ["string", "number", "list", "bool", "null", "object"]


def random_condition(rng, fields, columns=(), literals=None, depth=2):
    """A condition over these fields (Field) and columns (Column), compared with these literals or some of its own."""
    if depth == 0 or rng.random() < 0.4:
        reads = [*fields, *columns, *columns]
        return _leaf(rng, reads, literals or [*TEXTS, *NUMBERS, True, False, None])
    if rng.random() < 0.25:
        return Not(random_condition(rng, fields, columns, literals, depth - 1))
    parts = [random_condition(rng, fields, columns, literals, depth - 1) for _ in range(rng.choice([2, 2, 3]))]
    return Joined(rng.choice(["and", "or"]), parts)


def _leaf(rng, reads, literals):
    read, chance = rng.choice(reads), rng.random()
    if chance < 0.1:
        return Term(rng.choice([read, Call("bool", read), _boolean(rng, reads), _boolean(rng, reads)]))
    if chance < 0.25:
        items = rng.choices(literals, k=rng.randrange(4))
        looked_for = rng.choice([read, _text(rng, reads)])
        return Comparison(looked_for, "in", items) if rng.random() < 0.6 else Comparison(rng.choice(literals), "in", read)
    if chance < 0.3:
        return Comparison(read, rng.choice(["=", "!="]), rng.choices(literals, k=rng.randrange(3)))
    if chance < 0.45:
        return Comparison(_text(rng, reads), rng.choice(["=", "!="]), rng.choice([rng.choice(TEXTS), _text(rng, reads), None]))
    if chance < 0.5:
        return Comparison(Call("typeof", read), rng.choice(["=", "!="]), rng.choice(TYPES))
    if chance < 0.65:
        operator = rng.choice(["=", "!=", "<", "<=", ">", ">="])
        return Comparison(_number(rng, reads), operator, rng.choice([rng.choice(NUMBERS), _number(rng, reads)]))
    operator = rng.choice(["=", "=", "!=", "!=", "<", "<=", ">", ">="])
    other = rng.choice(reads) if rng.random() < 0.15 else rng.choice(literals)
    if operator in ORDER and not isinstance(other, (Field, Column, Decimal)):
        other = Decimal(rng.randrange(-5, 200))
    return Comparison(read, operator, other) if rng.random() < 0.85 else Comparison(other, operator, read)


def _boolean(rng, reads):
    text = _text(rng, reads)
    if rng.random() < 0.5:
        return Call("contains", text, rng.choice([rng.choice(PARTS), _text(rng, reads)]))
    return Call("match", text, rng.choice([rng.choice(PATTERNS), _text(rng, reads)]))


def _text(rng, reads):
    read = rng.choice(reads)
    if rng.random() < 0.5:
        return read
    inner = read if rng.random() < 0.7 else Call(rng.choice(list(CASES)), read)
    return Call(rng.choice([*CASES, "string"]), inner)


def _number(rng, reads):
    read = rng.choice(reads)
    return rng.choice([read, Call("length", read), Call("number", read), Call("length", _text(rng, [read]))])


# Writing


def _written(rng, operand, marked=False, pattern=False):
    """`marked`: what stands to the right of no literal, where a lone word would be taken for a text without quotes."""
    if isinstance(operand, Field):
        return _field(operand, marked)
    if isinstance(operand, Column):
        return "entities." + ".".join(_name(name) for name in operand)
    if isinstance(operand, Call):
        gap, first = rng.choice(["", "", " "]), operand.arguments[0]
        is_match = operand.name == "match"
        rest = [_written(rng, other, not _is_literal(first), is_match) for other in operand.arguments[1:]]
        return f"{operand.name}{gap}({gap}" + ", ".join([_written(rng, first), *rest]) + f"{gap})"
    if isinstance(operand, list):
        return "[" + rng.choice([",", ", "]).join(_written(rng, item) for item in operand) + "]"
    if isinstance(operand, str):
        quote = rng.choice("'\"")
        if pattern and rng.random() < 0.5 and re.fullmatch(r"(?:[^\\]|\\[*?])*", operand):
            return quote + operand.replace(quote, "\\" + quote) + quote
        return quote + operand.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
    if operand is None:
        return "null"
    if isinstance(operand, bool):
        return "true" if operand else "false"
    return str(operand)


RESERVED = ("and", "or", "not", "in", "true", "false", "null", "entities")


def _name(name):
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "\\" + c for c in name)


def _field(steps, marked=False):
    """A field as text. One on the right is marked by a backslash, or it would be taken for a text without its quotes."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = _name(step)
            if not text and (marked or step.lower() in RESERVED or not step[0].isalpha()):
                name = "\\" + name.removeprefix("\\")
            text += ("." if text else "") + name
    return text

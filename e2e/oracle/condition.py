"""Conditions (`when`): made at random, written out, and judged by a second hand's evaluator."""

from decimal import Decimal

import paths

ORDER = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


class Field(tuple):
    """A field of the event: its steps."""


class Comparison:
    """Two operands, each a Field, a str, a Decimal, a bool or None."""

    def __init__(self, left, operator, right):
        self.left, self.operator, self.right = left, operator, right

    def fields(self):
        return [operand for operand in (self.left, self.right) if isinstance(operand, Field)]

    def holds(self, event):
        left, right = _operand(self.left, event), _operand(self.right, event)
        if self.operator in ORDER:
            return left[0] == right[0] == "number" and ORDER[self.operator](left[1], right[1])
        equal = left == right and left[0] != "other"
        return equal if self.operator == "=" else not equal

    def write(self, rng):
        gap = rng.choice([" ", " ", "", "  "])
        right = _field(self.right, marked=True) if isinstance(self.right, Field) else _written(rng, self.right)
        return f"{_written(rng, self.left)}{gap or ' '}{self.operator}{gap}{right}"


class Not:
    """The opposite of a condition."""

    def __init__(self, inner):
        self.inner = inner

    def fields(self):
        return self.inner.fields()

    def holds(self, event):
        return not self.inner.holds(event)

    def write(self, rng):
        return rng.choice(["not ", "!"]) + f"({self.inner.write(rng)})"


class Joined:
    """Conditions of which all must hold (`and`) or one (`or`)."""

    def __init__(self, word, parts):
        self.word, self.parts = word, parts

    def fields(self):
        return [field for part in self.parts for field in part.fields()]

    def holds(self, event):
        judge = all if self.word == "and" else any
        return judge(part.holds(event) for part in self.parts)

    def write(self, rng):
        # `and` binds tighter, so an `and` within an `or` may go without parentheses.
        def enclosed(part):
            bare = isinstance(part, (Comparison, Not)) or (self.word == "or" and part.word == "and" and rng.random() < 0.5)
            return part.write(rng) if bare else f"({part.write(rng)})"

        return f" {self.word} ".join(enclosed(part) for part in self.parts)


def random_condition(rng, fields, literals, depth=2):
    """A condition over these fields, compared with these literals."""
    if depth == 0 or rng.random() < 0.4:
        operator = rng.choice(["=", "=", "!=", "!=", "<", "<=", ">", ">="])
        field = rng.choice(fields)
        other = rng.choice(fields) if rng.random() < 0.15 else rng.choice(literals)
        if operator in ORDER and not isinstance(other, (Field, Decimal)):
            other = Decimal(rng.randrange(-5, 200))
        return Comparison(field, operator, other) if rng.random() < 0.85 else Comparison(other, operator, field)
    if rng.random() < 0.25:
        return Not(random_condition(rng, fields, literals, depth - 1))
    parts = [random_condition(rng, fields, literals, depth - 1) for _ in range(rng.choice([2, 2, 3]))]
    return Joined(rng.choice(["and", "or"]), parts)


def _operand(operand, event):
    if not isinstance(operand, Field):
        kind = {str: "text", Decimal: "number", bool: "boolean", type(None): "null"}[type(operand)]
        return kind, operand
    value = paths.read(event, operand)
    if value is None or value.kind == "null":
        return "null", None
    if value.kind == "string":
        return "text", value.string()
    if value.kind == "number":
        return "number", Decimal(value.raw().decode())
    if value.kind == "boolean":
        return "boolean", value.raw() == b"true"
    return "other", None


def _written(rng, operand):
    if isinstance(operand, Field):
        return _field(operand)
    if isinstance(operand, str):
        quote = rng.choice("'\"")
        return quote + operand.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
    if operand is None:
        return "null"
    if isinstance(operand, bool):
        return "true" if operand else "false"
    return str(operand)


RESERVED = ("and", "or", "not", "in", "true", "false", "null", "entities")


def _field(steps, marked=False):
    """A field as text. One on the right is marked by a backslash, or it would be taken for a text without its quotes."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "\\" + c for c in step)
            if not text and (marked or step in RESERVED or not step[0].isalpha()):
                name = "\\" + name.removeprefix("\\")
            text += ("." if text else "") + name
    return text

"""JSON as bytes with places: a strict reader that says where every value stands, and a writer that varies spellings."""

import re

MAX_DEPTH = 512
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
WHITE = re.compile(rb"[ \t\n\r]*")
STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class NotJson(Exception):
    """The bytes are no JSON text; the first argument is the reason as dead letters name it."""


class Member:
    """A member of an object: its name, where name and comma stand, and its value."""

    __slots__ = ("name", "comma", "start", "value")

    def __init__(self, name, comma, start, value):
        self.name, self.comma, self.start, self.value = name, comma, start, value


class Value:
    """A value: its kind, its place, and what is in it."""

    __slots__ = ("text", "kind", "start", "end", "members", "items")

    def __init__(self, text, kind, start, end):
        self.text, self.kind, self.start, self.end = text, kind, start, end
        self.members, self.items = [], []

    def raw(self):
        """The bytes as they stand."""
        return self.text[self.start : self.end]

    def string(self):
        """A string's content; surrogates that have no other half stay alone."""
        return decode(self.raw())

    def named(self, name):
        """The members of this name."""
        return [member for member in self.members if member.name == name]


def decode(raw):
    """The content of a JSON string with its quotes."""
    content = raw[1:-1].decode("utf-8")
    if "\\" not in content:
        return content
    content = ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "u" else SIMPLE[m[1]], content)
    # Joins the halves of pairs and leaves single ones.
    return content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def parse(text):
    """Reads one JSON text. Raises NotJson."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJson("invalid_utf8") from None
    value, at = _value(text, WHITE.match(text, 0).end(), 0)
    if WHITE.match(text, at).end() != len(text):
        raise NotJson("invalid_json")
    return value


def _value(text, at, depth):
    first = text[at : at + 1]
    if first == b"{":
        return _object(text, at, depth + 1)
    if first == b"[":
        return _array(text, at, depth + 1)
    if first == b'"':
        match, kind = STRING.match(text, at), "string"
    else:
        match, kind = NUMBER.match(text, at), "number"
    if match:
        return Value(text, kind, at, match.end()), match.end()
    for word, kind in ((b"true", "boolean"), (b"false", "boolean"), (b"null", "null")):
        if text.startswith(word, at):
            return Value(text, kind, at, at + len(word)), at + len(word)
    raise NotJson("invalid_json")


def _object(text, at, depth):
    value = _container(text, "object", at, depth)
    at = WHITE.match(text, at + 1).end()
    comma = None
    if text[at : at + 1] == b"}":
        value.end = at + 1
        return value, at + 1
    while True:
        name = STRING.match(text, at)
        if not name:
            raise NotJson("invalid_json")
        colon = WHITE.match(text, name.end()).end()
        if text[colon : colon + 1] != b":":
            raise NotJson("invalid_json")
        inner, end = _value(text, WHITE.match(text, colon + 1).end(), depth)
        value.members.append(Member(decode(name[0]), comma, at, inner))
        comma = WHITE.match(text, end).end()
        after = text[comma : comma + 1]
        if after == b"}":
            value.end = comma + 1
            return value, comma + 1
        if after != b",":
            raise NotJson("invalid_json")
        at = WHITE.match(text, comma + 1).end()


def _array(text, at, depth):
    value = _container(text, "array", at, depth)
    at = WHITE.match(text, at + 1).end()
    if text[at : at + 1] == b"]":
        value.end = at + 1
        return value, at + 1
    while True:
        inner, end = _value(text, at, depth)
        value.items.append(inner)
        at = WHITE.match(text, end).end()
        after = text[at : at + 1]
        if after == b"]":
            value.end = at + 1
            return value, at + 1
        if after != b",":
            raise NotJson("invalid_json")
        at = WHITE.match(text, at + 1).end()


def _container(text, kind, at, depth):
    if depth > MAX_DEPTH:
        raise NotJson("invalid_json")
    return Value(text, kind, at, at)


class Raw(str):
    """JSON text that is written as it is."""


class Pairs(list):
    """An object as (name, value) pairs, so that names may repeat."""


def write(rng, value):
    """JSON text of a value, with random white space and escapes; never a line feed."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Pairs):
        return _joined(rng, "{", [_text(rng, name) + _gap(rng) + ":" + _gap(rng) + write(rng, v) for name, v in value], "}")
    if isinstance(value, list):
        return _joined(rng, "[", [write(rng, item) for item in value], "]")
    if isinstance(value, str):
        return _text(rng, value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _joined(rng, opening, parts, closing):
    inner = (_gap(rng) + "," + _gap(rng)).join(parts)
    return opening + _gap(rng) + inner + _gap(rng) + closing


def _gap(rng):
    return "" if rng.random() < 0.9 else rng.choice([" ", "  ", "\t", "\r", " \t "])


def _text(rng, text):
    spelled = rng.random() < 0.1
    return '"' + "".join(_character(rng, c, spelled) for c in text) + '"'


def _character(rng, c, spelled):
    must = c in '"\\' or ord(c) < 0x20 or 0xD800 <= ord(c) < 0xE000
    if not must and not (spelled and rng.random() < 0.5):
        return c
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "/": "\\/"}
    if c in short and rng.random() < 0.7:
        return short[c]
    code = ord(c)
    units = [code] if code < 0x10000 else [0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)]
    return "".join(rng.choice(["\\u%04x", "\\u%04X"]) % unit for unit in units)

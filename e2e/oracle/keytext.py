"""Key text: when an event's value equals a row's key. The table is in weft-store's documentation; this is a second hand's."""

import base64
import binascii
import datetime
import re

MAX_BYTES = 1024
MAX_DIGITS = 76
NUMBER = re.compile(r"([-+]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?)([0-9]+))?")
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(Z|z|[-+][0-9]{2}:[0-9]{2})?"
)
UUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class NotAKey(Exception):
    """`no_key` or `bad_key`."""


NO_KEY, BAD_KEY = NotAKey("no_key"), NotAKey("bad_key")


def of_event(types, values):
    """The key text (bytes) of an event's values, one jsontext.Value or None per key column. Raises NotAKey."""
    return _parts(types, values, _from_json)


def of_row(types, cells):
    """The key text of a row's key cells, each (type, value) as warehouse.Table reads them. Raises NotAKey."""
    return _parts(types, [None if cell[1] is None else cell for cell in cells], _from_cell)


def _parts(types, values, text_of):
    whole = b""
    for kind, value in zip(types, values):
        if value is None:
            raise NO_KEY
        text = text_of(kind, value)
        if not text:
            raise NO_KEY
        whole += b"%d:%s" % (len(text), text) if len(types) > 1 else text
        if len(whole) > MAX_BYTES:
            raise BAD_KEY
    return whole


def _from_json(kind, value):
    if value.kind == "null" or value.raw() == b'""':
        raise NO_KEY
    if value.kind in ("object", "array"):
        raise BAD_KEY
    literal = value.raw().decode("utf-8")
    if value.kind != "string":
        if kind in ("Text", "FixedText"):
            return _bounded(literal)
        if kind == "Boolean" and value.kind == "boolean":
            return literal.encode()
        if kind in ("Integer", "Decimal") and value.kind == "number":
            return number(literal, integral=kind == "Integer")
        raise BAD_KEY
    text = value.string()
    if any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise BAD_KEY
    return _from_string(kind, text)


def _from_string(kind, text):
    if kind == "Text":
        return _bounded(text)
    if kind == "FixedText":
        return _bounded(text.rstrip(" "))
    if kind == "Integer":
        if not re.fullmatch(r"[-+]?[0-9]+", text):
            raise BAD_KEY
        return number(text, integral=True)
    if kind == "Decimal":
        return number(text, integral=False)
    if kind == "Boolean" and text in ("true", "false"):
        return text.encode()
    if kind == "Uuid" and UUID.fullmatch(text):
        digits = text.replace("-", "").lower()
        return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]).encode()
    if kind == "Bytes":
        return _base64(text)
    if kind == "Date" and DATE.fullmatch(text):
        return _date(text).encode()
    if kind in ("Timestamp", "TimestampTz"):
        return _timestamp(text, kind == "TimestampTz")
    raise BAD_KEY


def _from_cell(kind, typed):
    found, cell = typed
    if found != kind:
        raise BAD_KEY
    if kind == "Boolean":
        return b"true" if cell else b"false"
    if kind in ("Integer", "Decimal"):
        return number(str(cell), integral=kind == "Integer")
    if kind == "Bytes":
        return _bounded(base64.b64encode(cell).decode())
    return _from_string(kind, cell)


def _bounded(text):
    encoded = text.encode("utf-8")
    if len(encoded) > MAX_BYTES:
        raise BAD_KEY
    return encoded


def number(literal, integral):
    """A number without exponent, leading and trailing zeros."""
    match = NUMBER.fullmatch(literal)
    if not match:
        raise BAD_KEY
    sign, whole, fraction, exponent_sign, exponent = match.groups(default="")
    # An exponent of more than ten digits is out of every bound, whatever they are.
    exponent = exponent.lstrip("0")
    shift = int((exponent or "0")[:11]) * (-1 if exponent_sign == "-" else 1)
    digits = (whole + fraction).lstrip("0")
    shift -= len(fraction)
    stripped = digits.rstrip("0")
    shift += len(digits) - len(stripped)
    if not stripped:
        return b"0"
    before, behind = max(len(stripped) + shift, 0), max(-shift, 0)
    if before + behind > MAX_DIGITS or (integral and behind):
        raise BAD_KEY
    sign = "-" if sign == "-" else ""
    if not behind:
        return (sign + stripped + "0" * shift).encode()
    padded = stripped.rjust(behind + 1, "0")
    return f"{sign}{padded[:-behind]}.{padded[-behind:]}".encode()


def _base64(text):
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BAD_KEY from None
    if base64.b64encode(decoded).decode() != text:
        raise BAD_KEY
    return _bounded(text)


def _date(text):
    try:
        # Python has no year 0, which has the calendar of the year 2000.
        datetime.date(int(text[:4]) or 2000, int(text[5:7]), int(text[8:10]))
    except ValueError:
        raise BAD_KEY from None
    return text


def _timestamp(text, instant):
    match = TIME.fullmatch(text)
    if not match:
        raise BAD_KEY
    date, hour, minute, second, fraction, offset = match.groups()
    fraction = fraction or ""
    if bool(offset) != instant or fraction[6:].strip("0") or int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise BAD_KEY
    _date(date)
    day_and_time = f"{date}T{hour}:{minute}:{second}"
    if offset and offset not in "Zz":
        hours, minutes = int(offset[1:3]), int(offset[4:6])
        if hours > 23 or minutes > 59:
            raise BAD_KEY
        # The calendar repeats every 400 years: so moved, no step leaves what Python's dates can hold.
        cycle = 400 if int(date[:4]) < 5000 else -400
        moved = datetime.datetime.fromisoformat(f"{int(date[:4]) + cycle:04}{day_and_time[4:]}")
        shift = datetime.timedelta(hours=hours, minutes=minutes)
        moved = moved + shift if offset[0] == "-" else moved - shift
        if not 0 <= moved.year - cycle <= 9999:
            raise BAD_KEY
        day_and_time = f"{moved.year - cycle:04}{moved.isoformat()[4:]}"
    return f"{day_and_time}.{fraction[:6].ljust(6, '0')}{'Z' if instant else ''}".encode()

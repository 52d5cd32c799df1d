"""Random cells for tables, and random spellings of them for events."""

import base64
import uuid
from decimal import Decimal

from jsontext import Raw

TEXTS = [
    "a", "B", "sku-1", "00123", "123", "123.0", "true", "null", " 123", "x y", "é", "e\u0301", "ÅÄÖ", "日本語", "😀",
    'say "hi"', "back\\slash", "tab\there", "line\nfeed", "\u0001", "\u2028", "O'Hara", "naïve", "Łódź", "ß", "İ", "1e2",
    "-0", "{}", "[]", "\u007f", "$.a", "long " * 40,
]  # fmt: skip
INTEGERS = [0, 1, -1, 7, 42, 123, 100, 2**31, 2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63), 10**18, 9007199254740993]
REALS = [0.5, 1.5, -2.25, 19.99, 1e300, 1e-7, 1e16, 1.7976931348623157e308, 5e-324, 0.1, 123.0, 99999999999999990.0]
JSONS = [
    "{}", "[]", '{"a":1}', '{"a": [1, 2.50, 1e3, {"b": null}]}', '"text"', "12345678901234567890.10", "true", "null",
    '{"é":"\\u00e9\\n"}', '{"dup":1,"dup":2}', "[\n 1,\r\n 2 ]", "not json", "{'a':1}", "",
]  # fmt: skip
DAYS = ["2026-01-31", "2024-02-29", "1970-01-01", "0001-01-01", "9999-12-31", "2026-02-30", "soon"]
TIMES = ["00:00:00", "23:59:59", "12:30:00.5", "08:15:00.123456", "08:15:00.1230000", "08:15:00.1234567", "24:00:00"]
OFFSETS = ["Z", "+00:00", "+02:00", "-05:30", "+14:00", "z"]
DECLARED = [
    "INTEGER", "BIGINT", "DECIMAL(12,2)", "NUMERIC", "TEXT", "VARCHAR(20)", "CHAR(8)", "BOOLEAN", "UUID", "BLOB",
    "DATE", "TIMESTAMP", "DATETIME", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "JSON", "REAL", "DOUBLE PRECISION", "",
]  # fmt: skip


def random_cell(rng, declared):
    """A value for a column of this declared type: mostly of that type, sometimes NULL or something else."""
    if rng.random() < 0.1:
        return None
    if rng.random() < 0.03:
        return rng.choice([rng.choice(INTEGERS), rng.choice(TEXTS), rng.choice(REALS), b"\x00\xff"])
    word = declared.split("(")[0]
    if "INT" in word:
        return rng.choice(INTEGERS) if rng.random() < 0.5 else rng.randrange(-20, 60)
    if word in ("DECIMAL", "NUMERIC"):
        return rng.choice([rng.choice(INTEGERS), rng.choice(REALS), rng.randrange(0, 5000) / 100, rng.randrange(30)])
    if word in ("TEXT", "VARCHAR"):
        return rng.choice(TEXTS) if rng.random() < 0.7 else f"k{rng.randrange(30)}"
    if word == "CHAR":
        return rng.choice([rng.choice(TEXTS), f"c{rng.randrange(20)}"]) + " " * rng.choice([0, 0, 3])
    if word == "BOOLEAN":
        return rng.choice([0, 1, 1, 0, "true", "FALSE", 2])
    if word == "UUID":
        made = uuid.UUID(int=rng.getrandbits(128))
        return rng.choice([str(made), str(made).upper(), made.hex, made.bytes])
    if word == "BLOB":
        return rng.randbytes(rng.choice([0, 1, 2, 3, 16, 40]))
    if word == "JSON":
        return rng.choice(JSONS)
    if word in ("REAL", "DOUBLE PRECISION"):
        return rng.choice([*REALS, float("inf"), float("-inf"), rng.random(), float(rng.randrange(1000))])
    if word == "":
        return rng.choice([rng.randrange(40), rng.choice(TEXTS)])
    day = rng.choice(DAYS)
    if word == "DATE":
        return day
    zone = rng.choice(OFFSETS) if "Z" in word or "ZONE" in word else ""
    return day + rng.choice("T ") + rng.choice(TIMES) + zone


def spelling(rng, kind, cell):
    """A JSON value that may well have the key text of this cell, or not."""
    if cell is None or rng.random() < 0.07:
        return junk(rng)
    if kind in ("Integer", "Decimal") and isinstance(cell, (int, float)):
        return _number(rng, cell)
    if kind in ("Text", "FixedText") and isinstance(cell, str):
        if cell.isdigit() and not cell.startswith("0") and rng.random() < 0.5:
            return Raw(cell)
        return cell + (" " * rng.choice([0, 1, 5]) if kind == "FixedText" else "")
    if kind == "Boolean":
        return rng.choice([cell, "true" if cell else "false"])
    if kind == "Uuid" and isinstance(cell, str):
        return rng.choice([cell, cell.upper(), cell.replace("-", "")])
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    if kind in ("Timestamp", "TimestampTz") and isinstance(cell, str):
        moved = cell.replace("T", rng.choice(["T", "t", " "]), 1)
        return moved.replace("Z", rng.choice(["Z", "z", "+00:00", "-00:00"])) if kind == "TimestampTz" else moved
    return cell


def _number(rng, number):
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    plain = format(exact, "f")
    sign, digits, exponent = exact.as_tuple()
    whole = "".join(map(str, digits))
    spelled = [
        Raw(plain), Raw(plain), plain, Raw(f"{'-' * sign}{whole}e{exponent}"), Raw(f"{'-' * sign}{whole}E{exponent:+d}"),
        Raw(plain + ("0" if "." in plain else ".0")), ("-" if sign else rng.choice(["+", "", "00"])) + plain.lstrip("-"),
    ]  # fmt: skip
    return rng.choice(spelled)


def junk(rng):
    """A value that is no key, or the key of no row."""
    return rng.choice([
        None, "", {}, [], {"a": 1}, [1], True, False, Raw("1e999999999"), Raw("-1E-999999999"), Raw("0e999999999"), " 123",
        Raw("9007199254740993.0"), Raw("123456789012345678901234567890"), Raw('"\\ud800"'), Raw('"\\ude00x"'), "nobody",
        "x" * 1025, "é" * 512, Raw("0." + "1" * 80), "1e2", "0x10", "²", Raw("-0"), "-", "+7", "TRUE",
    ])  # fmt: skip

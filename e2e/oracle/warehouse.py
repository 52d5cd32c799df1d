"""What a table's rows are: read from the SQLite file by Python's own driver, as weft-warehouse documents its types."""

import re

import jsontext
import keytext

WORDS = {
    "BOOL": "Boolean", "BOOLEAN": "Boolean", "UUID": "Uuid", "JSON": "Json", "DATE": "Date",
    "TIMESTAMPTZ": "TimestampTz", "TIMESTAMP": "Timestamp", "DATETIME": "Timestamp",
    "DECIMAL": "Decimal", "NUMERIC": "Decimal", "VARBINARY": "Bytes", "CHAR": "FixedText",
}  # fmt: skip
PARTS = [("INT", "Integer"), ("CHAR", "Text"), ("CLOB", "Text"), ("TEXT", "Text"), ("BLOB", "Bytes"),
         ("REAL", "Float"), ("FLOA", "Float"), ("DOUB", "Float")]  # fmt: skip
STORED = {int: "Integer", float: "Float", str: "Text", bytes: "Bytes"}


def logical_type(declared):
    """What a declared type means; None if the values decide."""
    declared = declared.upper()
    word = re.split(r"[ (]", declared.strip())[0]
    if word == "TIMESTAMP" and "WITH TIME ZONE" in declared:
        return "TimestampTz"
    if word in WORDS:
        return WORDS[word]
    return next((kind for part, kind in PARTS if part in declared), None)


class Table:
    """The rows that can be looked up, by key text, each mapping columns to (type, value); and how many cannot be, by reason."""

    def __init__(self, database, name, primary_key):
        quoted = '"' + name.replace('"', '""') + '"'
        columns = [(row[1], logical_type(row[2] or "")) for row in database.execute(f"PRAGMA table_info({quoted})")]
        records = database.execute(f"SELECT * FROM {quoted}").fetchall()
        self.types = {
            column: kind or _common([record[at] for record in records]) for at, (column, kind) in enumerate(columns)
        }
        self.key_types = [self.types[column] for column in primary_key]
        self.rows, self.rejected, sharing = {}, {}, {}
        for record in records:
            row = {column: _cell(self.types[column], value) for (column, _), value in zip(columns, record)}
            try:
                key = keytext.of_row(self.key_types, [row[column] for column in primary_key])
            except keytext.NotAKey as error:
                reason = {"no_key": "null_key", "bad_key": "bad_key"}[error.args[0]]
                self.rejected[reason] = self.rejected.get(reason, 0) + 1
                continue
            sharing[key] = sharing.get(key, 0) + 1
            self.rows[key] = row
        # Which of several rows an event means cannot be told, so none of them can be looked up.
        duplicates = [key for key, count in sharing.items() if count > 1]
        if duplicates:
            self.rejected["duplicate_key"] = sum(sharing[key] for key in duplicates)
        for key in duplicates:
            del self.rows[key]


def _common(values):
    classes = {STORED[type(value)] for value in values if value is not None}
    return "Text" if not classes else classes.pop() if len(classes) == 1 else "Mixed"


def _cell(kind, value):
    """A value and its type: the column's, or its storage class where it is something else."""
    if value is None:
        return (kind, None)
    typed = _typed(kind, value)
    return (STORED[type(value)], value) if typed is None else (kind, typed)


def _typed(kind, value):
    if kind in ("Integer", "Float", "Text", "Bytes"):
        return value if STORED[type(value)] == kind else None
    if kind == "FixedText":
        return value if isinstance(value, str) else None
    if kind == "Decimal":
        finite = isinstance(value, int) or (isinstance(value, float) and abs(value) != float("inf"))
        return value if finite else None
    if kind == "Boolean":
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        text = value.lower() if isinstance(value, str) else None
        return {"true": True, "false": False}.get(text)
    if kind == "Uuid" and isinstance(value, bytes) and len(value) == 16:
        value = value.hex()
    if not isinstance(value, str):
        return None
    if kind == "Json":
        try:
            jsontext.parse(value.encode("utf-8"))
        except jsontext.NotJson:
            return None
        return value
    try:
        text = keytext.of_row([kind], [(kind, value)]).decode()
    except keytext.NotAKey:
        return None
    if kind in ("Timestamp", "TimestampTz"):
        # A value has as many fractional digits as it needs, a key always six.
        instant = "Z" if kind == "TimestampTz" else ""
        text = text.removesuffix("Z").rstrip("0").rstrip(".") + instant
    return text

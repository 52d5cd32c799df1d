"""What a mapping does to an event, said a second time: outcome, lookups and what the sent event must be."""

import base64
import math
from decimal import Decimal

import jsontext
import keytext
import paths


class Mismatch(Exception):
    """What Weft wrote is not what it should have written."""


class Verdict:
    """What becomes of one event under one rule."""

    def __init__(self, outcome, reason=None, lookups=(), writes=()):
        # writes: (steps, expected value as _expect_equal takes it)
        self.outcome, self.reason, self.lookups, self.writes = outcome, reason, list(lookups), list(writes)

    def is_sent(self):
        return self.outcome in ("enriched", "partially_enriched", "unenriched")


def judge(rule, tables, event):
    """The verdict on an event (a jsontext.Value) under a rule (a generate.Rule), given the tables by slug."""
    if rule.when:
        if any(paths.is_repeated(event, field) for field in rule.when.fields()):
            return Verdict("dead_lettered", "duplicate_key")
        if not rule.when.holds(event):
            return Verdict("filtered")
    touched = [path for alias in rule.aliases for path in alias.paths] + [e.to for e in rule.enrichments]
    if any(paths.is_repeated(event, path) for path in touched):
        return Verdict("dead_lettered", "duplicate_key")

    rows, lookups = {}, []
    for alias in rule.aliases:
        rows[alias.name], result = look_up(tables[alias.slug], alias, event)
        lookups.append((alias.name, result))
    lacking = any(rows[alias.name] is None and not alias.optional for alias in rule.aliases)
    if lacking and rule.on_missing == "Drop":
        return Verdict("dropped", lookups=lookups)
    if lacking and rule.on_missing == "DeadLetter":
        return Verdict("dead_lettered", "missing", lookups)

    writes = []
    for enrichment in rule.enrichments:
        row = rows[enrichment.alias]
        if row is not None:
            writes.append((enrichment.to, row[enrichment.column]))
        elif enrichment.if_missing != "Omit":
            writes.append((enrichment.to, ("default", enrichment.default)))
    if any(_has_bad_parent(event, to) for to, _ in writes):
        return Verdict("dead_lettered", "bad_parent", lookups)
    found = sum(row is not None for row in rows.values())
    outcome = "enriched" if found == len(rows) else "partially_enriched" if found else "unenriched"
    return Verdict(outcome, lookups=lookups, writes=writes)


def look_up(table, alias, event):
    """The row an alias finds for an event, or None; and the name of the result."""
    try:
        key = keytext.of_event(table.key_types, [paths.read(event, path) for path in alias.paths])
    except keytext.NotAKey as error:
        return None, error.args[0]
    row = table.rows.get(key)
    return row, "missing" if row is None else "found"


def _has_bad_parent(event, to):
    for length in range(1, len(to)):
        value = paths.read(event, to[:length])
        if value is None or value.kind == "null":
            return False
        if value.kind != "object":
            return True
    return False


def check_sent(event, line, writes):
    """Raises Mismatch unless `line` is the event with these writes, and byte for byte the event elsewhere."""
    try:
        sent = jsontext.parse(line)
    except jsontext.NotJson as error:
        raise Mismatch(f"the line is no JSON: {error}") from None
    # Where the event and what is sent begin to differ: a value that was there, or a member that was not.
    replaced, added = set(), set()
    for to, _ in writes:
        for length in range(1, len(to) + 1):
            value = paths.read(event, to[:length])
            if value is None:
                added.add(to[:length])
                break
            if value.kind == "null" or length == len(to):
                replaced.add(to[:length])
                break
    left = _without(event, replaced, set())
    if _without(sent, replaced, added) != left:
        raise Mismatch("bytes outside the written paths differ")
    for top in replaced | added:
        inner = [(to[len(top) :], expected) for to, expected in writes if to[: len(top)] == top]
        _check_subtree(top, paths.read(sent, top), inner)


def _without(event, replaced, added):
    """The bytes without these values (a mark stands for each) and without these members."""
    cuts = []
    for place in replaced:
        value = paths.read(event, place)
        if value is None:
            raise Mismatch(f"there is nothing at {place}")
        cuts.append((value.start, value.end, b"\x00"))
    for place in added:
        parent = paths.read(event, place[:-1])
        members = parent.named(place[-1]) if parent is not None else []
        if len(members) != 1:
            raise Mismatch(f"there are {len(members)} members at {place}")
        first = members[0].start if members[0].comma is None else members[0].comma
        cuts.append((first, members[0].value.end, b""))
    text, at, parts = event.text, 0, []
    for start, end, mark in sorted(cuts):
        parts += [text[at:start], mark]
        at = end
    return b"".join(parts + [text[at:]])


def _check_subtree(place, value, writes):
    if writes[0][0] == ():
        _expect_equal(place, value, writes[0][1])
        return
    names = {to[0] for to, _ in writes}
    if value.kind != "object" or sorted(m.name for m in value.members) != sorted(names):
        raise Mismatch(f"at {place}: {value.raw()} has other members than {sorted(names)}")
    for name in names:
        inner = [(to[1:], expected) for to, expected in writes if to[0] == name]
        _check_subtree(place + (name,), value.named(name)[0].value, inner)


def _expect_equal(place, value, expected):
    """Compares a written value with a cell: (logical type, value as SQLite holds it), or a default."""
    kind, cell = expected
    if not _equals(value, kind, cell):
        raise Mismatch(f"at {place}: {value.raw()} stands for {cell!r} ({kind})")


def _equals(value, kind, cell):
    raw = value.raw().decode("utf-8")
    if kind == "default":
        return _equals_default(value, cell)
    if cell is None:
        return raw == "null"
    if kind == "Boolean":
        return raw == ("true" if cell else "false")
    if kind == "Integer":
        return raw == str(cell)
    if kind == "Decimal":
        return value.kind == "number" and Decimal(raw) == Decimal(str(cell))
    if kind == "Float":
        if math.isinf(cell):
            return raw == ('"Infinity"' if cell > 0 else '"-Infinity"')
        return value.kind == "number" and float(raw) == float(cell)
    if kind == "Bytes":
        return raw == '"' + base64.b64encode(cell).decode() + '"'
    if kind == "Json":
        return _equal_json(value, jsontext.parse(cell.encode("utf-8")))
    return value.kind == "string" and value.string() == cell


def _equal_json(left, right):
    if left.kind != right.kind or len(left.items) != len(right.items) or len(left.members) != len(right.members):
        return False
    if left.kind == "string":
        return left.string() == right.string()
    if left.kind not in ("object", "array"):
        return left.raw() == right.raw()
    return all(_equal_json(a, b) for a, b in zip(left.items, right.items)) and all(
        a.name == b.name and _equal_json(a.value, b.value) for a, b in zip(left.members, right.members)
    )


def _equals_default(value, default):
    if default is None:
        return value.kind == "null"
    if isinstance(default, bool):
        return value.raw() == (b"true" if default else b"false")
    if isinstance(default, (int, float)):
        return value.kind == "number" and Decimal(value.raw().decode()) == Decimal(repr(default))
    if isinstance(default, str):
        return value.kind == "string" and value.string() == default
    if isinstance(default, list):
        return value.kind == "array" and len(value.items) == len(default) and all(map(_equals_default, value.items, default))
    return (
        value.kind == "object"
        and sorted(m.name for m in value.members) == sorted(default)
        and all(_equals_default(m.value, default[m.name]) for m in value.members)
    )

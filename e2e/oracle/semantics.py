"""What a mapping does to an event, said a second time: outcome, lookups and what the sent event must be."""

import base64
import json
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
        # reason: of a dead letter, or what filtered it; writes: (steps, expected value as _expect_equal takes it)
        self.outcome, self.reason, self.lookups, self.writes = outcome, reason, list(lookups), list(writes)

    def is_sent(self):
        return self.outcome in ("enriched", "partially_enriched", "unenriched")


def judge(rule, tables, event):
    """The verdict on an event (a jsontext.Value) under a rule (a generate.Rule), given the tables by slug."""
    if rule.consent:
        asked = [("integrations",)] + [("context", "consent", "categoryPreferences", c) for c in rule.consent]
        if any(paths.is_repeated(event, path) for path in asked):
            return Verdict("dead_lettered", "duplicate_key")
        if not _has_consent(rule.consent, event):
            return Verdict("filtered", "consent")
    undecided = False
    if rule.when:
        if any(paths.is_repeated(event, field) for field in rule.when.fields()):
            return Verdict("dead_lettered", "duplicate_key")
        decided = rule.when.decided(event)
        if decided is False:
            return Verdict("filtered", "when")
        undecided = decided is None
    try:
        items = _items(rule, event)
    except Refused as refused:
        return Verdict("dead_lettered", refused.args[0])

    rows = {alias.name: _rows(rule, alias, tables, event, items) for alias in rule.aliases}
    lookups = [(alias.name, result) for alias in rule.aliases for _, result in rows[alias.name]]
    if undecided and not rule.when.holds(event, lambda alias, column: _column(rows, alias, column)):
        return Verdict("filtered", "when", lookups)
    lacking = any(row is None for alias in rule.aliases if not alias.optional for row, _ in rows[alias.name])
    if lacking and rule.on_missing == "Drop":
        return Verdict("dropped", lookups=lookups)
    if lacking and rule.on_missing == "DeadLetter":
        return Verdict("dead_lettered", "missing", lookups)

    writes = []
    for enrichment in rule.enrichments:
        array = rule.array(enrichment.alias)
        for number, (row, _) in enumerate(rows[enrichment.alias]):
            to = enrichment.to if array is None else array + (number,) + tuple(enrichment.to)
            if row is not None:
                writes.append((to, row[enrichment.column]))
            elif enrichment.if_missing != "Omit":
                writes.append((to, ("default", enrichment.default)))
    if any(_has_bad_parent(event, to) for to, _ in writes):
        return Verdict("dead_lettered", "bad_parent", lookups)
    found = sum(result == "found" for _, result in lookups)
    outcome = "enriched" if found == len(lookups) else "partially_enriched" if found else "unenriched"
    return Verdict(outcome, lookups=lookups, writes=writes)


class Refused(Exception):
    """The event cannot be joined; the reason."""


def _has_consent(categories, event):
    consent = paths.read(event, ("context", "consent"))
    if consent is None or consent.kind == "null":
        return True
    if consent.kind == "object" and not consent.members:
        integrations = paths.read(event, ("integrations",))
        return not (integrations is not None and integrations.kind == "object" and integrations.members)
    preferences = [paths.read(consent, ("categoryPreferences", category)) for category in categories]
    return all(preference is not None and preference.raw() == b"true" for preference in preferences)


def _items(rule, event):
    """The items of each array that the rule walks, by the array's path; raises Refused."""
    arrays, read, inner = [], [], {}
    for alias in rule.aliases:
        if alias.for_each is not None and alias.for_each not in arrays:
            arrays.append(alias.for_each)
        for path in alias.paths:
            if isinstance(path, paths.Item):
                inner.setdefault(alias.for_each, []).append(path)
            else:
                read.append(path)
    for enrichment in rule.enrichments:
        array = rule.array(enrichment.alias)
        read.append(enrichment.to) if array is None else inner.setdefault(array, []).append(enrichment.to)
    if any(paths.is_repeated(event, path) for path in read + arrays):
        raise Refused("duplicate_key")
    items = {}
    for array in arrays:
        value = paths.read(event, array)
        if value is not None and value.kind not in ("array", "null"):
            raise Refused("not_an_array")
        items[array] = value.items if value is not None else []
        if any(paths.is_repeated(item, path) for item in items[array] for path in inner.get(array, [])):
            raise Refused("duplicate_key")
    return items


def _rows(rule, alias, tables, event, items):
    """For each lookup of an alias the row or None, and the result's name."""
    if alias.hop is None:
        scopes = [None] if alias.for_each is None else items[alias.for_each]
        read = lambda item, path: paths.read(item if isinstance(path, paths.Item) else event, path)  # noqa: E731
        return [_look_up(tables[alias.slug], [read(item, path) for path in alias.paths]) for item in scopes]
    source = next(other for other in rule.aliases if other.name == alias.hop.source)
    found = []
    for row, _ in _rows(rule, source, tables, event, items):
        key = [None if row is None else _as_json(*row[column]) for column in alias.hop.columns]
        found.append(_look_up(tables[alias.slug], key))
    return found


def _look_up(table, values):
    """The row with this key, or None; and the name of the result."""
    try:
        key = keytext.of_event(table.key_types, values)
    except keytext.NotAKey as error:
        return None, error.args[0]
    row = table.rows.get(key)
    return row, "missing" if row is None else "found"


def _as_json(kind, cell):
    """A cell as the JSON value that stands for it."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        text = "true" if cell else "false"
    elif isinstance(cell, bytes):
        text = '"' + base64.b64encode(cell).decode() + '"'
    elif isinstance(cell, float) and math.isinf(cell):
        text = '"Infinity"' if cell > 0 else '"-Infinity"'
    elif isinstance(cell, (int, float)):
        text = str(cell)
    else:
        text = cell if kind == "Json" else json.dumps(cell)
    return jsontext.parse(text.encode("utf-8", "surrogatepass"))


def _column(rows, alias, column):
    """What a condition reads of an alias: a JSON value, None where there is no row or it is NULL."""
    row = rows[alias][0][0]
    return None if row is None else _as_json(*row[column])


def _has_bad_parent(event, to):
    for length in range(1, len(to)):
        value = paths.read(event, to[:length])
        if value is None or value.kind == "null":
            return False
        if value.kind != ("array" if isinstance(to[length], int) else "object"):
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

"""Random cases: a SQLite file, the manifests and the events; and the same as objects the oracle reasons with."""

import json
from decimal import Decimal

import condition
import jsontext
import paths
import values
from jsontext import Pairs, Raw

COLUMN_NAMES = ["id", "NAME", "price", "Brand Id", "säule", 'quo"te', "order", "a.b", "x-1", "groß", "KEY2", "ts", "data"]
STEP_NAMES = [
    "properties", "context", "traits", "id", "a", "b", "sku", "product name", "ключ", "it's", 'q"q', "back\\", "user-id",
    "_x", "x.y", "é", "😀", "deep", "and", "true",
]  # fmt: skip
DEFAULTS = [0, 7, -1.5, "none", "", True, False, {"a": [1, "b"]}, [], {}, 9007199254740993, "Ünï"]


class Entity:
    """An entity and the columns and sample rows rules and events are made of."""

    def __init__(self, slug, table, columns, primary_key, selected):
        self.slug, self.table, self.columns, self.primary_key, self.selected = slug, table, columns, primary_key, selected

    def manifest(self, graph):
        spec = {"dataGraphRef": {"name": graph}, "tableRef": _quoted(self.table), "primaryKey": self.primary_key}
        if self.selected is not None:
            spec["columns"] = self.selected
        return _manifest("Entity", self.slug, spec)

    def readable(self):
        return self.columns if self.selected is None else sorted({*self.selected, *self.primary_key})


class Alias:
    """A row to look up: the entity's slug, and a path per key column."""

    def __init__(self, name, slug, columns, key_paths, optional):
        self.name, self.slug, self.columns, self.paths, self.optional = name, slug, columns, key_paths, optional


class Enrichment:
    """A value to write."""

    def __init__(self, alias, column, to, if_missing, default):
        self.alias, self.column, self.to, self.if_missing, self.default = alias, column, to, if_missing, default


class Rule:
    """A rule of a mapping."""

    def __init__(self, name, when, aliases, enrichments, on_missing):
        self.name, self.when, self.aliases, self.enrichments, self.on_missing = name, when, aliases, enrichments, on_missing

    def manifest(self, rng):
        manifest = {"name": self.name}
        if self.when:
            manifest["when"] = self.when.write(rng)
        manifest["entities"] = [self._alias(rng, alias) for alias in self.aliases]
        manifest["enrichments"] = [self._enrichment(rng, enrichment) for enrichment in self.enrichments]
        if self.on_missing != "Forward" or rng.random() < 0.5:
            manifest["onMissing"] = self.on_missing
        return manifest

    @staticmethod
    def _alias(rng, alias):
        match = [{"column": c, "path": paths.spell(rng, p)} for c, p in zip(alias.columns, alias.paths)]
        rng.shuffle(match)
        return {"as": alias.name, "entity": alias.slug, "match": match} | ({"optional": True} if alias.optional else {})

    @staticmethod
    def _enrichment(rng, enrichment):
        manifest = {"from": {"as": enrichment.alias, "column": enrichment.column}, "to": paths.spell(rng, enrichment.to)}
        if enrichment.if_missing == "Default":
            manifest["default"] = enrichment.default
        elif enrichment.if_missing == "SetNull" or rng.random() < 0.3:
            manifest["ifMissing"] = enrichment.if_missing
        return manifest


def database(rng, connection):
    """Fills the database; returns the entities."""
    entities = []
    for number in range(rng.choice([1, 2, 3])):
        names = rng.sample(COLUMN_NAMES, rng.randrange(2, 8))
        columns = [(name, rng.choice(values.DECLARED)) for name in names]
        keyable = [name for name, declared in columns if declared and declared not in ("JSON", "REAL", "DOUBLE PRECISION")]
        if not keyable:
            columns.append(("the id", "TEXT"))
            keyable = ["the id"]
        key = rng.sample(keyable, min(len(keyable), rng.choice([1, 1, 1, 2, 3])))
        table = rng.choice([f"t{number}", f"Table {number}", f'o"dd{number}', f"dot.{number}"])
        body = ", ".join(f"{_sql(name)} {declared}" for name, declared in columns)
        connection.execute(f"CREATE TABLE {_sql(table)} ({body})")
        rows = [[values.random_cell(rng, declared) for _, declared in columns] for _ in range(rng.randrange(0, 40))]
        connection.executemany(f"INSERT INTO {_sql(table)} VALUES ({', '.join('?' * len(columns))})", rows)
        if rng.random() < 0.3:
            view = f"v_{number}"
            connection.execute(f"CREATE VIEW {_sql(view)} AS SELECT *, 1 + 1 AS two, 'x' || rowid AS expr FROM {_sql(table)}")
            table, columns = view, columns + [("two", ""), ("expr", "")]
        names = [name for name, _ in columns]
        selected = rng.sample(names, rng.randrange(1, len(names) + 1)) if rng.random() < 0.3 else None
        entities.append(Entity(f"e{number}-entity", table, names, key, selected))
    connection.commit()
    return entities


def rules(rng, entities, pool):
    """Rules over these entities and paths."""
    made = []
    for number in range(rng.choice([1, 1, 2, 3])):
        aliases = []
        for position in range(rng.choice([0, 1, 1, 2, 3])):
            entity = rng.choice(entities)
            key_paths = [rng.choice(pool) for _ in entity.primary_key]
            aliases.append(Alias(f"a{position}", entity.slug, entity.primary_key, key_paths, rng.random() < 0.3))
        by_slug = {entity.slug: entity for entity in entities}
        enrichments, taken = [], []
        for _ in range(rng.randrange(0, 7) if aliases else 0):
            alias, to = rng.choice(aliases), _written_path(rng, pool)
            # An enrichment may not change the consent in $.context.
            if to == ("context",) or any(to[: len(other)] == other or other[: len(to)] == to for other in taken):
                continue
            taken.append(to)
            if_missing = rng.choice(["Omit", "Omit", "SetNull", "Default"])
            default = rng.choice(DEFAULTS) if if_missing == "Default" else None
            enrichments.append(Enrichment(alias.name, rng.choice(by_slug[alias.slug].readable()), to, if_missing, default))
        when = condition.random_condition(rng, _fields(pool), literals=_literals()) if rng.random() < 0.5 else None
        made.append(Rule(f"rule-{number}", when, aliases, enrichments, rng.choice(["Forward", "Forward", "Drop", "DeadLetter"])))
    return made


def path_pool(rng):
    """Places that rules read and write; some lie within others, some are items of arrays."""
    pool = [(rng.choice(STEP_NAMES),) for _ in range(2)]
    for _ in range(rng.randrange(4, 10)):
        base = rng.choice(pool)
        step = rng.randrange(3) if rng.random() < 0.15 else rng.choice(STEP_NAMES)
        pool.append((base + (step,))[:5])
    return pool


def events(rng, mapping_rules, tables, pool, count):
    """Events as bytes, one per line, some of them no events at all; an item may hold several blank lines."""
    return [_line(rng, mapping_rules, tables, pool) for _ in range(count)]


def _line(rng, mapping_rules, tables, pool):
    chance = rng.random()
    if chance < 0.02:
        return rng.choice([b"", b"  ", b"\t\r"])
    if chance < 0.04:
        return rng.choice([b"[1]", b'"text"', b"12", b"null", b"true", b" [] ", b"{", b"{}x", b'{"a":01}', b'{"a":1,}',
                           b'{"a":"\xff"}', b"\xc3(", b"{'a':1}", b'{"a":nul}', b'{"a" 1}', b'{"a":"\x01"}', b"-",
                           b'{"a":"\\x"}', b"[" * 600 + b"]" * 600])  # fmt: skip
    line = _event(rng, mapping_rules, tables, pool)
    if rng.random() < 0.01:
        line = line[: rng.randrange(1, len(line))]
    return line.replace(b"\n", b" ") + (b"\r" if rng.random() < 0.03 else b"")


def _event(rng, mapping_rules, tables, pool):
    root = {"type": rng.choice(["track", "identify", "page"]), "event": rng.choice(["Viewed", "Bought", None])}
    for rule in mapping_rules:
        for alias in rule.aliases:
            _place_key(rng, root, tables[alias.slug], alias)
    for path in rng.sample(pool, rng.randrange(len(pool) // 2 + 1)):
        _place(root, path, rng.choice([1, "x", None, {}, [], {"old": True}, Raw("1.50"), Raw("-0"), 150, "Viewed"]))
    if rng.random() < 0.3:
        root["extra"] = [{"n": Raw("1e5"), "é": "\u2028"}, [], {}, "😀"]
    return jsontext.write(rng, _pairs(rng, root)).encode("utf-8", "surrogatepass")


def _place_key(rng, root, table, alias):
    if rng.random() < 0.1:
        return
    rows = list(table.rows.values())
    row = rng.choice(rows) if rows else None
    for column, path in zip(alias.columns, alias.paths):
        cell = row[column] if row else (None, None)
        _place(root, path, values.spelling(rng, *cell))


def _place(root, path, value):
    """Puts a value at a path, unless something else is in its way."""
    at = root
    for position, step in enumerate(path):
        is_last = position + 1 == len(path)
        after = value if is_last else [] if isinstance(path[position + 1], int) else {}
        if isinstance(step, int) != isinstance(at, list) or not isinstance(at, (dict, list)):
            return
        if isinstance(step, int):
            at.extend([None] * (step + 1 - len(at)))
            if at[step] is None or is_last:
                at[step] = after
        elif step not in at or (is_last and not isinstance(at[step], (dict, list))):
            at[step] = after
        at = at[step]


def _pairs(rng, value):
    """The same with objects as pairs in random order, a few of them twice."""
    if isinstance(value, list):
        return [_pairs(rng, item) for item in value]
    if not isinstance(value, dict):
        return value
    pairs = Pairs((name, _pairs(rng, inner)) for name, inner in value.items())
    if pairs and rng.random() < 0.03:
        pairs.append((rng.choice(pairs)[0], rng.choice([1, None, "again"])))
    rng.shuffle(pairs)
    return pairs


def _written_path(rng, pool):
    """A place that is read too, beside one, or within one; items of arrays cannot be written."""
    base = rng.choice(pool)
    names = tuple(step if isinstance(step, str) else f"i{step}" for step in base)
    chance = rng.random()
    return names if chance < 0.3 else (names[:-1] if chance < 0.85 else names) + (rng.choice(STEP_NAMES),)


def _fields(pool):
    return [condition.Field(("type",)), condition.Field(("event",)), *map(condition.Field, pool)]


def _literals():
    numbers = [Decimal("1"), Decimal("1.5"), Decimal("150"), Decimal("0"), Decimal("9007199254740993"), Decimal("-0.25")]
    return ["track", "identify", "Viewed", "x", "é", 'q"q', "it's", "", True, False, None, *numbers]


def manifests(rng, name, entities, mapping_rules):
    """The text of each file, by name."""
    kafka = {"bootstrapServers": ["kafka:9092"], "topic": "events"}
    objects = [
        _manifest("Warehouse", "wh", {"sqlite": {"path": "data.db"}}),
        _manifest("DataGraph", "graph", {"warehouseRef": {"name": "wh"}, "store": {"redis": {"url": "redis://redis:6379/0"}}}),
        *[entity.manifest("graph") for entity in entities],
        _manifest("EnrichmentMapping", name, {
            "dataGraphRef": {"name": "graph"},
            "source": {"kafka": kafka},
            "destination": {"kafka": kafka | {"topic": "out"}},
            "deadLetter": {"kafka": {"topic": "dead"}},
            "rules": [rule.manifest(rng) for rule in mapping_rules],
        }),
    ]  # fmt: skip
    rng.shuffle(objects)
    files = {f"{at}.yaml": [] for at in range(rng.choice([1, 2, 3]))}
    for thing in objects:
        files[rng.choice(list(files))].append(json.dumps(thing, ensure_ascii=False, indent=rng.choice([None, 2])))
    return {file: "\n---\n".join(parts) + "\n" for file, parts in files.items() if parts}


def _manifest(kind, name, spec):
    return {"apiVersion": "weft.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _sql(name):
    return '"' + name.replace('"', '""') + '"'


def _quoted(table):
    """A table's name as tableRef has it: quoted where a dot, a blank or a quote is in it."""
    return table if table.replace("_", "").isalnum() else _sql(table)

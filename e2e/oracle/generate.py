"""Random cases: a SQLite file, the manifests and the events; and the same as objects the oracle reasons with."""

import json

import jsontext
import values
from jsontext import Pairs, Raw
from paths import Item
from rules import CONSENT, STEP_NAMES

COLUMN_NAMES = ["id", "NAME", "price", "Brand Id", "säule", 'quo"te', "order", "a.b", "x-1", "groß", "KEY2", "ts", "data"]


class Entity:
    """An entity and the columns and sample rows rules and events are made of."""

    def __init__(self, slug, table, columns, primary_key, selected):
        self.slug, self.table, self.columns, self.primary_key, self.selected = slug, table, columns, primary_key, selected
        # declared: the columns' declared types; keys: the rows' keys as SQLite holds them; references: the entities that
        # columns of this one name rows of, each with the pairs of columns.
        self.declared, self.keys, self.references = {}, [], []

    def manifest(self, graph):
        spec = {"dataGraphRef": {"name": graph}, "tableRef": _quoted(self.table), "primaryKey": self.primary_key}
        if self.selected is not None:
            spec["columns"] = self.selected
        return _manifest("Entity", self.slug, spec)

    def readable(self):
        return self.columns if self.selected is None else sorted({*self.selected, *self.primary_key})


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
        references = []
        if entities and rng.random() < 0.6:
            target = rng.choice(entities)
            references = [(f"ref {at} {c}"[:40], c) for at, c in enumerate(target.primary_key)]
            columns += [(name, rng.choice([target.declared[c], target.declared[c], "TEXT"])) for name, c in references]
        table = rng.choice([f"t{number}", f"Table {number}", f'o"dd{number}', f"dot.{number}"])
        body = ", ".join(f"{_sql(name)} {declared}" for name, declared in columns)
        connection.execute(f"CREATE TABLE {_sql(table)} ({body})")
        rows = [[values.random_cell(rng, declared) for _, declared in columns] for _ in range(rng.randrange(0, 40))]
        for row in rows if references else []:
            if target.keys and rng.random() < 0.85:
                row[len(columns) - len(references) :] = rng.choice(target.keys)
        connection.executemany(f"INSERT INTO {_sql(table)} VALUES ({', '.join('?' * len(columns))})", rows)
        if rng.random() < 0.3:
            view = f"v_{number}"
            connection.execute(f"CREATE VIEW {_sql(view)} AS SELECT *, 1 + 1 AS two, 'x' || rowid AS expr FROM {_sql(table)}")
            table, columns = view, columns + [("two", ""), ("expr", "")]
        names = [name for name, _ in columns]
        selected = rng.sample(names, rng.randrange(1, len(names) + 1)) if rng.random() < 0.3 else None
        entity = Entity(f"e{number}-entity", table, names, key, selected)
        entity.declared = dict(columns)
        entity.keys = [[row[names.index(column)] for column in key] for row in rows]
        if references:
            entity.references.append((target, references))
        if selected is None and rng.random() < 0.2:
            entity.references.append((entity, [(column, column) for column in key]))
        entities.append(entity)
    connection.commit()
    return entities


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
            if alias.for_each is not None:
                _place_items(rng, root, tables[alias.slug], alias)
            elif alias.hop is None:
                _place_key(rng, root, tables[alias.slug], alias)
        if rule.consent and rng.random() < 0.8:
            _place(root, ("context", "consent"), rng.choice(CONSENT)(rng, rule.consent))
            if rng.random() < 0.3:
                _place(root, ("integrations",), rng.choice([{}, {"All": True}, None, [], {"Facebook": False}]))
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
        if isinstance(path, Item) != isinstance(root, list):
            continue
        path = (0, *path) if isinstance(path, Item) else path
        cell = row[column] if row else (None, None)
        _place(root, path, values.spelling(rng, *cell))


def _place_items(rng, root, table, alias):
    """An array whose items have keys, most of them; or something that is no array."""
    if rng.random() < 0.07:
        _place(root, alias.for_each, rng.choice([None, {}, "x", 1, {"a": []}]))
        return
    items = []
    for _ in range(rng.choice([0, 1, 1, 2, 3, 6])):
        # The item as the only one of a list, so that a place in it is a path from the list.
        holder = [rng.choice([None, {}, {}, {}, {"n": 1}])]
        if rng.random() < 0.06:
            holder = [rng.choice([1, "x", [], True])]
        _place_key(rng, holder, table, alias)
        items.append(holder[0])
    _place(root, alias.for_each, items)
    # Keys that stand in the event and not in the item.
    _place_key(rng, root, table, alias)


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


def manifests(rng, name, entities, relationships, mapping_rules):
    """The text of each file, by name."""
    kafka = {"bootstrapServers": ["kafka:9092"], "topic": "events"}
    objects = [
        _manifest("Warehouse", "wh", {"sqlite": {"path": "data.db"}}),
        _manifest("DataGraph", "graph", {
            "warehouseRef": {"name": "wh"},
            "store": {"redis": {"url": "redis://redis:6379/0"}},
            "relationships": [relationship.manifest() for relationship in relationships],
        }),
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

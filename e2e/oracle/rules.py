"""Random rules of a mapping, and the relationships that their hops walk along."""

from decimal import Decimal

import condition
import paths
from paths import Item

STEP_NAMES = [
    "properties", "context", "traits", "id", "a", "b", "sku", "product name", "ключ", "it's", 'q"q', "back\\", "user-id",
    "_x", "x.y", "é", "😀", "deep", "and", "true",
]  # fmt: skip
DEFAULTS = [0, 7, -1.5, "none", "", True, False, {"a": [1, "b"]}, [], {}, 9007199254740993, "Ünï"]
CATEGORIES = ["Advertising", "analytics", "data-sharing", "É"]
# What an event says of consent, given the categories that are asked.
CONSENT = [
    lambda rng, asked: {"categoryPreferences": {c: True for c in asked}},
    lambda rng, asked: {"categoryPreferences": {c: rng.random() < 0.8 for c in asked}, "other": 1},
    lambda rng, asked: {"categoryPreferences": {c: rng.choice([True, "true", 1, None]) for c in CATEGORIES}},
    lambda rng, asked: {"categoryPreferences": rng.choice([{}, None, True, [True], {"x": True}])},
    lambda rng, asked: rng.choice([{}, None, True, "all", {"categoryPreference": {c: True for c in asked}}]),
]


class Relationship:
    """A relationship between two entities: the pairs of columns that have to be equal."""

    def __init__(self, slug, left, right, pairs):
        self.slug, self.left, self.right, self.pairs = slug, left, right, pairs

    def manifest(self):
        join_on = [{"left": left, "right": right} for left, right in self.pairs]
        return {"slug": self.slug, "from": self.left.slug, "to": self.right.slug, "joinOn": join_on}

    def ways(self):
        """(near entity, far entity, pairs of near and far columns) from both ends; one way within one entity."""
        yield self.left, self.right, self.pairs
        if self.left is not self.right:
            yield self.right, self.left, [(right, left) for left, right in self.pairs]


class Hop:
    """Where a row's key comes from: columns of another alias's row, in the order of the key."""

    def __init__(self, source, via, columns):
        self.source, self.via, self.columns = source, via, columns


class Alias:
    """A row to look up: the entity, and a path per key column or a hop; once, or for each item of an array."""

    def __init__(self, name, entity, key_paths, optional, for_each=None, hop=None):
        self.name, self.entity, self.slug, self.columns = name, entity, entity.slug, entity.primary_key
        self.paths, self.optional, self.for_each, self.hop = key_paths, optional, for_each, hop

    def manifest(self, rng):
        manifest = {"as": self.name} | ({"optional": True} if self.optional else {})
        if self.hop:
            return manifest | {"from": self.hop.source, "via": self.hop.via}
        match = [{"column": c, "path": paths.spell(rng, p)} for c, p in zip(self.columns, self.paths)]
        rng.shuffle(match)
        manifest |= {"entity": self.slug, "match": match}
        if self.for_each is not None:
            manifest["forEach"] = paths.spell(rng, self.for_each) + "[*]"
        return manifest


class Enrichment:
    """A value to write."""

    def __init__(self, alias, column, to, if_missing, default):
        self.alias, self.column, self.to, self.if_missing, self.default = alias, column, to, if_missing, default

    def manifest(self, rng):
        manifest = {"from": {"as": self.alias, "column": self.column}, "to": paths.spell(rng, self.to)}
        if self.if_missing == "Default":
            manifest["default"] = self.default
        elif self.if_missing == "SetNull" or rng.random() < 0.3:
            manifest["ifMissing"] = self.if_missing
        return manifest


class Rule:
    """A rule of a mapping."""

    def __init__(self, name, consent, aliases, on_missing):
        self.name, self.consent, self.aliases, self.on_missing = name, consent, aliases, on_missing
        self.when, self.enrichments = None, []

    def array(self, alias):
        """The array whose items an alias is looked up for, None if it is looked up once."""
        found = next(other for other in self.aliases if other.name == alias)
        return self.array(found.hop.source) if found.hop else found.for_each

    def manifest(self, rng):
        manifest = {"name": self.name}
        if self.when:
            manifest["when"] = self.when.write(rng)
        if self.consent:
            manifest["consent"] = {"categories": self.consent}
        manifest["entities"] = [alias.manifest(rng) for alias in self.aliases]
        manifest["enrichments"] = [enrichment.manifest(rng) for enrichment in self.enrichments]
        if self.on_missing != "Forward" or rng.random() < 0.5:
            manifest["onMissing"] = self.on_missing
        return manifest


def relationships(rng, entities):
    """The relationships between entities that name rows of each other, each declared from one of its ends."""
    made = []
    for entity in entities:
        for target, pairs in entity.references:
            pairs = rng.sample(pairs, len(pairs))
            ends = (entity, target, pairs)
            if rng.random() < 0.4:
                ends = (target, entity, [(far, near) for near, far in pairs])
            made.append(Relationship(f"rel-{len(made)}", *ends))
    return made


def rules(rng, entities, related, pool):
    """Rules over these entities, relationships and paths."""
    return [_rule(rng, f"rule-{number}", entities, related, pool) for number in range(rng.choice([1, 1, 2, 3]))]


def _rule(rng, name, entities, related, pool):
    aliases = []
    arrays = [path for path in rng.sample(pool, 2) if path[0] not in ("context", "integrations")]
    for position in range(rng.choice([0, 1, 1, 2, 3, 4])):
        hop = _hop(rng, f"a{position}", aliases, related) if aliases and rng.random() < 0.5 else None
        aliases.append(hop or _matched(rng, f"a{position}", rng.choice(entities), arrays, pool))
    if rng.random() < 0.3:
        rng.shuffle(aliases)
    consent = rng.sample(CATEGORIES, rng.choice([1, 1, 2])) if rng.random() < 0.2 else []
    rule = Rule(name, consent, aliases, rng.choice(["Forward", "Forward", "Drop", "DeadLetter"]))
    taken = []
    for _ in range(rng.randrange(0, 7) if aliases else 0):
        alias = rng.choice(aliases)
        array, to = rule.array(alias.name), _written_path(rng, pool)
        if array is not None:
            to = Item(rng.choice(STEP_NAMES) for _ in range(rng.choice([1, 1, 2])))
        if _is_free(array, to, taken):
            taken.append((array, to))
            if_missing = rng.choice(["Omit", "Omit", "SetNull", "Default"])
            default = rng.choice(DEFAULTS) if if_missing == "Default" else None
            column = rng.choice(alias.entity.readable())
            rule.enrichments.append(Enrichment(alias.name, column, to, if_missing, default))
    if rng.random() < 0.5:
        singles = [alias for alias in aliases if rule.array(alias.name) is None]
        columns = [condition.Column((alias.name, column)) for alias in singles for column in alias.entity.readable()]
        rule.when = condition.random_condition(rng, _fields(pool), columns, _literals())
    return rule


def _matched(rng, name, entity, arrays, pool):
    for_each = rng.choice(arrays) if arrays and rng.random() < 0.3 else None
    key_paths = [rng.choice(pool) for _ in entity.primary_key]
    if for_each is not None:
        items = [Item(), Item(("id",)), Item(("sku",)), Item(("a", "b")), Item((0,)), Item(("product name",))]
        key_paths = [rng.choice(items) if rng.random() < 0.9 else path for path in key_paths]
    return Alias(name, entity, key_paths, rng.random() < 0.3, for_each)


def _hop(rng, name, aliases, related):
    """A hop from one of the aliases, if a relationship leads on from it to a row that its key finds."""
    ways = []
    for source in aliases:
        for relationship in related:
            for near, far, pairs in relationship.ways():
                is_keyed = sorted(column for _, column in pairs) == sorted(far.primary_key)
                is_synced = all(column in near.readable() for column, _ in pairs)
                if source.entity is near and is_keyed and is_synced:
                    by_far = {far_column: near_column for near_column, far_column in pairs}
                    ways.append((source.name, relationship.slug, far, [by_far[column] for column in far.primary_key]))
    if not ways:
        return None
    source, via, far, columns = rng.choice(ways)
    return Alias(name, far, [], rng.random() < 0.3, hop=Hop(source, via, columns))


def _is_free(array, to, taken):
    """Whether a place can be written beside those that are; consent in $.context cannot be."""
    if array is None and to == ("context",):
        return False
    for other_array, other in taken:
        if array == other_array:
            left, right = to, other
        else:
            left, right = (to if array is None else array), (other if other_array is None else other_array)
        if left[: len(right)] == tuple(right) or right[: len(left)] == tuple(left):
            return False
    return True


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

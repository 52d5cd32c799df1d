"""The key text vectors that weft-store is tested with: first against this oracle, then through `weft run`."""

import json
import os
import random
import sqlite3
import subprocess

import generate
import jsontext
import keytext
import rules
from semantics import Mismatch

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../enricher/store/vectors/key-text.json")
DECLARED = {
    "Integer": "INTEGER", "Decimal": "DECIMAL", "Text": "TEXT", "FixedText": "CHAR(8)", "Boolean": "BOOLEAN", "Uuid": "UUID",
    "Bytes": "BLOB", "Date": "DATE", "Timestamp": "TIMESTAMP", "TimestampTz": "TIMESTAMPTZ",
}  # fmt: skip


def cases():
    """Each case: the key columns' types, the values' JSON texts (None if absent), the outcome, the key text."""
    with open(PATH, encoding="utf-8") as file:
        for case in json.load(file)["cases"]:
            text = _expanded(case["text"]).encode() if "text" in case else None
            yield tuple(case["key"]), [v and _expanded(v) for v in case["values"]], case["outcome"], text


def _expanded(value):
    if isinstance(value, str):
        return value
    return value.get("prefix", "") + value["repeat"] * value["times"] + value.get("suffix", "")


def check_case(types, values, outcome, text):
    """Raises Mismatch unless the oracle says the same."""
    try:
        found = ("text", keytext.of_event(types, [v and jsontext.parse(v.encode()) for v in values]))
    except keytext.NotAKey as error:
        found = (error.args[0], None)
    if found != (outcome, text):
        raise Mismatch(f"key text of {values} as {types}: {found} instead of {(outcome, text)}")


def by_types():
    """The cases by their key columns' types, of those that can be a key."""
    found = {}
    for types, values, outcome, _ in cases():
        if all(kind in DECLARED for kind in types):
            found.setdefault(types, []).append((values, outcome))
    return found


def check_run(weft, directory, types, values_and_outcomes):
    """Runs weft over an empty table with such a key: every lookup is counted as the vector says."""
    columns = [f"k{at}" for at in range(len(types))]
    with sqlite3.connect(os.path.join(directory, "data.db")) as database:
        declared = ", ".join(f"{column} {DECLARED[kind]}" for column, kind in zip(columns, types))
        database.execute(f"CREATE TABLE t ({declared})")
    database.close()
    entity = generate.Entity("t-entity", "t", columns, columns, None)
    rule = rules.Rule("r", [], [rules.Alias("a", entity, [(column,) for column in columns], False)], "Forward")
    for name, text in generate.manifests(random.Random(0), "vectors", [entity], [], [rule]).items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    events, expected = [], {"found": 0, "missing": 0, "no_key": 0, "bad_key": 0}
    for values, outcome in values_and_outcomes:
        members = [f'"{column}":{value}' for column, value in zip(columns, values) if value is not None]
        events.append("{" + ",".join(members) + "}\n")
        expected["missing" if outcome == "text" else outcome] += 1
    command = [weft, "run", "-f", directory, "-o", "json"]
    done = subprocess.run(command, input="".join(events).encode(), capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Mismatch(f"exit code {done.returncode}: {done.stderr.decode()}")
    if done.stdout.decode() != "".join(events):
        raise Mismatch(f"events with a key of {types} did not come out as they went in")
    found = json.loads(done.stderr.rstrip(b"\n").split(b"\n")[-1])["rules"]["r"]["lookups"]["a"]
    if found != expected:
        raise Mismatch(f"lookups with a key of {types}: {found} instead of {expected}")

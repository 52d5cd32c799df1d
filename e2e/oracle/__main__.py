"""Compares `weft run` with a second implementation of what it should do, on random tables, manifests and events.

    python3 e2e/oracle --weft target/debug/weft [--cases N] [--seed N] [--first N] [--keep DIR]

Every case has its own number: `--seed S --first K --cases 1` repeats one of them.
"""

import argparse
import base64
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback

import generate
import jsontext
import rules
import semantics
import vectors
import warehouse
from semantics import Mismatch

MAX_EVENT_BYTES = 4096
TIMESTAMP = re.compile(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]+)?Z")


def main():
    parser = argparse.ArgumentParser(prog="oracle", description="Compares weft run with a second implementation.")
    parser.add_argument("--weft", required=True, help="the binary")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", help="a directory for the files of cases that fail")
    args = parser.parse_args()
    sys.setrecursionlimit(10_000)

    tally = Tally()
    for case in vectors.cases():
        tally.run("key text", lambda: vectors.check_case(*case))
    for types, cases in vectors.by_types().items():
        with tempfile.TemporaryDirectory() as directory:
            tally.run(f"key text {types} in weft run", lambda: vectors.check_run(args.weft, directory, types, cases))
    for number in range(args.first, args.first + args.cases):
        with tempfile.TemporaryDirectory() as directory:
            rng = random.Random(f"{args.seed}/{number}")
            again = f"case {number}, again: python3 e2e/oracle --weft {args.weft} --seed {args.seed} --first {number} --cases 1"
            is_right = tally.run(again, lambda: run_case(args.weft, directory, rng))
            if args.keep and not is_right:
                shutil.copytree(directory, os.path.join(args.keep, str(number)), dirs_exist_ok=True)
        if tally.failed >= 10:
            print("stopping after 10 failures")
            break
    print(f"{args.cases} random cases, seed {args.seed}")
    result = "FAILED" if tally.failed else "ok"
    print(f"test result: {result}. {tally.passed} passed; {tally.failed} failed; 0 ignored; oracle of weft run")
    return 1 if tally.failed else 0


class Tally:
    """How many cases passed and failed."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def run(self, name, case):
        """Runs a case; says what is wrong if it raises."""
        try:
            case()
        except Exception as error:
            self.failed += 1
            print(f"{name} failed")
            print(f"  {error}" if isinstance(error, Mismatch) else "".join(traceback.format_exception(error)))
            return False
        self.passed += 1
        return True


def run_case(weft, directory, rng):
    """One run of weft on files of its own; raises Mismatch."""
    file = lambda name: os.path.join(directory, name)  # noqa: E731
    with sqlite3.connect(file("data.db")) as database:
        entities = generate.database(rng, database)
        tables = {e.slug: warehouse.Table(database, e.table, e.primary_key) for e in entities}
    database.close()
    pool = generate.path_pool(rng)
    relationships = rules.relationships(rng, entities)
    mapping_rules = rules.rules(rng, entities, relationships, pool)
    for name, text in generate.manifests(rng, "mapping", entities, relationships, mapping_rules).items():
        with open(file(name), "w", encoding="utf-8") as manifest:
            manifest.write(text)
    lines = generate.events(rng, mapping_rules, tables, pool, rng.choice([0, 1, 20, 60]))
    with open(file("events.jsonl"), "wb") as out:
        out.write(b"\n".join(lines) + (b"\n" if rng.random() < 0.9 else b""))

    from_stdin = rng.random() < 0.3
    command = [weft, "run", "-f", directory, "--output", file("out.jsonl"), "--dead-letters", file("dead.jsonl"), "-o", "json",
               "--events", "-" if from_stdin else file("events.jsonl"), "--max-event-bytes", str(MAX_EVENT_BYTES)]  # fmt: skip
    with open(file("events.jsonl"), "rb") as events:
        done = subprocess.run(command, stdin=events, capture_output=True, timeout=60, check=False)
    expected = Expected(mapping_rules, tables, lines, "-" if from_stdin else file("events.jsonl"))
    if done.returncode not in (0, 3):
        raise Mismatch(f"exit code {done.returncode}: {done.stderr.decode()}")
    expected.check_output(_lines(file("out.jsonl")))
    expected.check_dead_letters(_lines(file("dead.jsonl")))
    summary = json.loads(done.stderr.rstrip(b"\n").split(b"\n")[-1])
    expected.check_summary(summary)
    is_incomplete = bool(expected.dead) or any(table.rejected for table in expected.used_tables())
    if done.returncode != (3 if is_incomplete else 0):
        raise Mismatch(f"exit code {done.returncode}, dead letters or rejected rows: {is_incomplete}")


def _lines(path):
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        text = file.read()
    if text and not text.endswith(b"\n"):
        raise Mismatch(f"{path} ends within a line")
    return text.split(b"\n")[:-1]


class Expected:
    """What a run should give: the lines in their order, the dead letters, and every count."""

    def __init__(self, rules, tables, lines, source):
        self.rules, self.tables = rules, tables
        self.sent, self.dead = [], []  # (event, writes) and (reason, rule, origin, bytes)
        self.events, self.unparsable = 0, {}
        self.outcomes = {rule.name: {} for rule in rules}
        self.lookups = {rule.name: {alias.name: {} for alias in rule.aliases} for rule in rules}
        for number, line in enumerate(lines, 1):
            if line.strip(b" \t\r"):
                self._add(line, f"{source}:{number}")

    def _add(self, line, origin):
        try:
            if len(line) > MAX_EVENT_BYTES:
                raise jsontext.NotJson("too_large")
            event = jsontext.parse(line)
            if event.kind != "object":
                raise jsontext.NotJson("not_an_object")
        except jsontext.NotJson as error:
            reason = error.args[0]
            self.unparsable[reason] = self.unparsable.get(reason, 0) + 1
            self.dead.append((reason, "-", origin, line))
            return
        self.events += 1
        for rule in self.rules:
            verdict = semantics.judge(rule, self.tables, event)
            counted = (verdict.outcome, verdict.reason)
            self.outcomes[rule.name][counted] = self.outcomes[rule.name].get(counted, 0) + 1
            for alias, result in verdict.lookups:
                counts = self.lookups[rule.name][alias]
                counts[result] = counts.get(result, 0) + 1
            if verdict.is_sent():
                self.sent.append((event, verdict.writes, f"{origin}, {rule.name}"))
            elif verdict.outcome == "dead_lettered":
                self.dead.append((verdict.reason, rule.name, origin, line))

    def used_tables(self):
        """The tables that the rules look something up in."""
        slugs = {alias.slug for rule in self.rules for alias in rule.aliases}
        return [self.tables[slug] for slug in slugs]

    def check_output(self, lines):
        for (event, writes, where), line in zip(self.sent, lines):
            try:
                semantics.check_sent(event, line, writes)
            except Mismatch as error:
                raise Mismatch(f"{where}: {error}\n  in:  {event.text}\n  out: {line}") from None
        if len(lines) != len(self.sent):
            raise Mismatch(f"{len(lines)} lines instead of {len(self.sent)}")

    def check_dead_letters(self, lines):
        for (reason, rule, origin, event), line in zip(self.dead, lines):
            letter = json.loads(line)
            value = letter.get("value")
            value = base64.b64decode(letter["valueBase64"]) if value is None else value.encode("utf-8", "surrogatepass")
            found = (letter["reason"], letter["rule"], letter["origin"], letter["mapping"], value)
            if found != (reason, rule, origin, "mapping", event):
                raise Mismatch(f"dead letter {line} instead of {reason} of {rule}, {origin}, {event}")
            if not letter["message"] or not letter["stage"] or not TIMESTAMP.fullmatch(letter["timestamp"]):
                raise Mismatch(f"dead letter {line} lacks message, stage or timestamp")
        if len(lines) != len(self.dead):
            raise Mismatch(f"{len(lines)} dead letters instead of {len(self.dead)}: {self.dead}")

    def check_summary(self, summary):
        self._equal("events", summary["events"], self.events)
        self._equal("written", summary["written"], len(self.sent))
        self._equal("unparsable", _positive(summary["unparsable"]), self.unparsable)
        self._equal("rules", sorted(summary["rules"]), sorted(self.outcomes))
        for name, rule in summary["rules"].items():
            outcomes = rule["outcomes"]
            counted = {(outcome, None): n for outcome, n in outcomes.items() if isinstance(n, int)}
            for outcome in ("filtered", "dead_lettered"):
                counted |= {(outcome, reason): n for reason, n in outcomes[outcome].items()}
            self._equal(f"outcomes of {name}", _positive(counted), self.outcomes[name])
            self._equal(f"sum of {name}", sum(counted.values()), self.events)
            lookups = {alias: _positive(counts) for alias, counts in rule["lookups"].items()}
            self._equal(f"lookups of {name}", lookups, self.lookups[name])
        for slug, entity in summary["entities"].items():
            table = self.tables[slug]
            self._equal(f"rows of {slug}", entity["rows"], len(table.rows))
            rejected = {reason: found["rows"] for reason, found in entity["rejected"].items()}
            self._equal(f"rejected rows of {slug}", rejected, table.rejected)

    @staticmethod
    def _equal(what, found, expected):
        if found != expected:
            raise Mismatch(f"{what}: {found} instead of {expected}")


def _positive(counts):
    return {name: count for name, count in counts.items() if count}


if __name__ == "__main__":
    sys.exit(main())

"""Runs what the documentation shows and compares what it prints.

    python3 e2e/docs --weft target/debug/weft [--write] [--cluster [--port SHOWN=REAL]...] README.md docs/*.md

Per page one scratch directory with a copy of examples/ and the quickstart's SQLite file. In it, from top to bottom:
- a block whose first line is ```LANGUAGE file=PATH is written to that file;
- in a ```console block each line `$ COMMAND` is run by bash, and the lines up to the next command are what it must print
  (stdout and stderr, in their order). A line `...` stands for any lines. `make TARGET` must be a target, no more.
What differs each time (run numbers, times, how long something took) is compared by its form; where a page goes on with a
run number it has shown, the commands get the real one. What a page leaves running is stopped at its end.

A page may say, each on a line of its own:
    <!-- needs: PROGRAM -->   it is skipped where that is not installed
    <!-- port: NUMBER -->     a free port takes the place of this one, and is shown as this one
    <!-- kafka: NUMBER -->    a broker of an Apache Kafka of the page's own listens at this port, and the programs of Kafka's
                              bin folder are on the path; it is skipped where `weft` was built without Kafka
    <!-- as in: PAGE -->      before a block that is not run here: each of its lines must stand in that page, in this order
    <!-- cluster -->          it is run with --cluster, and then no other page is: e2e/test-cluster.sh does that, on its own
                              cluster with servers of its own, at the ports that are given

With --write the pages get what the commands print now.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FENCE = re.compile(r"^( *)```(\S*)(?: file=(\S+))?$")
NEEDS = re.compile(r"^<!-- needs: (\S+) -->$", re.MULTILINE)
PORT = re.compile(r"^<!-- port: ([0-9]+) -->$", re.MULTILINE)
KAFKA = re.compile(r"^<!-- kafka: ([0-9]+) -->$", re.MULTILINE)
AS_IN = re.compile(r"^ *<!-- as in: (\S+) -->$")
CLUSTER = re.compile(r"^<!-- cluster -->$", re.MULTILINE)
KAFKA_SCRIPT = os.path.join(ROOT, "e2e", "kafka", "kafka.sh")
KAFKA_PROGRAMS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}
RUN = re.compile(r"\b1[0-9]{9}\b")
VARIES = [
    (RUN, "1000000000"),
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"), "2000-01-01T00:00:00Z"),
    (re.compile(r"\b[0-9]+ (second|minute)s? ago\b"), "0 seconds ago"),
    (re.compile(r"\b[0-9]+\.[0-9] s\b"), "0.0 s"),
    # An age, as kubectl gives it, with the blanks up to the next column.
    (re.compile(r"\b[0-9]+(m[0-9]+)?s( +|$)", re.MULTILINE), "0s "),
    (re.compile(r'"seconds":[0-9.]+'), '"seconds":0.0'),
]
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


def main():
    parser = argparse.ArgumentParser(prog="docs", description="Runs what the documentation shows.")
    parser.add_argument("--weft", required=True, help="the binary")
    parser.add_argument("--write", action="store_true", help="write what commands print into the pages")
    parser.add_argument("--cluster", action="store_true", help="run the pages for a cluster, that of KUBECONFIG")
    parser.add_argument("--port", action="append", default=[], help="SHOWN=REAL: the port of a server of such a page")
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()
    passed, faults, ignored = 0, [], 0
    for page in args.pages:
        with open(page, encoding="utf-8") as file:
            lines = file.read().split("\n")
        if args.cluster != bool(CLUSTER.search("\n".join(lines))):
            continue
        missing = [program for program in NEEDS.findall("\n".join(lines)) if not shutil.which(program)]
        if KAFKA.search("\n".join(lines)):
            missing += [program for program in ("java", "mvn") if not shutil.which(program)]
            if subprocess.run([args.weft, "enrich", "--help"], capture_output=True, check=False).returncode:
                missing.append("a weft with Kafka")
        if missing:
            print(f"{page}: skipped, as {', '.join(missing)} is not installed")
            ignored += 1
            continue
        ports = dict(port.split("=") for port in args.port)
        count, page_faults, new_lines = run_page(page, lines, os.path.abspath(args.weft), ports)
        page_faults += broken_links(page, lines)
        passed += count - len(page_faults)
        faults += page_faults
        if args.write and new_lines != lines:
            with open(page, "w", encoding="utf-8") as file:
                file.write("\n".join(new_lines))
    for fault in faults:
        print(fault)
    result = "FAILED" if faults else "ok"
    print(f"test result: {result}. {passed} passed; {len(faults)} failed; {ignored} ignored; blocks and links of the documentation")
    return 1 if faults else 0


def run_page(page, lines, weft, ports_of_servers):
    """The number of checks, the faults, and the lines as they should be."""
    count, faults, new_lines = 0, [], []
    shown_as = ports_of_servers | {port: free_port() for port in PORT.findall("\n".join(lines))}
    ports = KAFKA.findall("\n".join(lines))
    with tempfile.TemporaryDirectory() as scratch, process_group() as group, kafka(ports) as (programs, shown_as_kafka):
        shown_as |= shown_as_kafka
        shutil.copytree(os.path.join(ROOT, "examples"), os.path.join(scratch, "examples"))
        for name in ("Makefile", "scripts", "charts"):
            os.symlink(os.path.join(ROOT, name), os.path.join(scratch, name))
        script = [os.path.join(ROOT, "scripts", "sqlite-from-sql.sh"), "shop.sql", "shop.db"]
        subprocess.run(script, cwd=os.path.join(scratch, "examples", "quickstart"), check=True)
        at = 0
        while at < len(lines):
            fence = FENCE.match(lines[at])
            new_lines.append(lines[at])
            at += 1
            if not fence:
                continue
            indent = fence[1]
            end = lines.index(indent + "```", at)
            block = [line.removeprefix(indent) for line in lines[at:end]]
            elsewhere = AS_IN.match(lines[at - 2]) if at > 1 else None
            if elsewhere:
                count += 1
                faults += [f"{page}:{at}: {fault}" for fault in not_in(elsewhere[1], block)]
            elif fence[3]:
                count += 1
                write_file(os.path.join(scratch, fence[3]), [replaced(line, shown_as) for line in block])
            elif fence[2] == "console":
                run = Runner([os.path.dirname(weft), *programs], scratch, group, shown_as)
                checks = [run.command(command, shown) for command, shown in commands(block)]
                count += len(checks)
                faults += [f"{page}:{at}: {fault}" for fault, _ in checks if fault]
                block = [line for _, new in checks for line in new]
            new_lines += [(indent + line).rstrip() for line in [*block, "```"]]
            at = end + 1
    return count, faults, new_lines


def not_in(page, block):
    """What is wrong if a block is no extract of a page: the first line that does not follow there."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        rest = iter(file.read().split("\n"))
    return [f"{page} has no line like this behind the one before it: {line}" for line in block if line not in rest][:1]


def write_file(path, block):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(block) + "\n")


def commands(block):
    """Each command with the lines shown below it; lines that begin with `> ` go on with a command."""
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append(([line], []))
        elif found and not found[-1][1] and line.startswith("> "):
            found[-1][0].append(line)
        elif found:
            found[-1][1].append(line)
    return found


class Runner:
    """Runs the commands of a page."""

    def __init__(self, programs, scratch, group, shown_as):
        path = os.pathsep.join([*programs, os.environ["PATH"]])
        self.environment = {"PATH": path, "HOME": scratch, "LANG": "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "100"}
        self.environment |= {name: os.environ[name] for name in ("KUBECONFIG",) if name in os.environ}
        self.scratch = scratch
        self.group = group
        self.shown_as = shown_as

    def command(self, command, shown):
        """The fault, if any, and the command with what it prints."""
        text = "\n".join(line[2:] for line in command)
        target = re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\S+)?", text)
        if target:
            with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
                known = re.search(rf"^{target[1]}:", file.read(), re.MULTILINE)
            return (None if known else f"there is no target {target[1]}"), command + shown
        try:
            done = subprocess.run(
                ["bash", "-c", replaced(text, self.shown_as)], cwd=self.scratch, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                check=False, preexec_fn=lambda: os.setpgid(0, self.group),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"`{text}` does not end", command + shown
        real = done.stdout.split("\n")[:-1] if done.stdout.endswith("\n") else done.stdout.split("\n") if done.stdout else []
        if "..." not in shown:
            self.shown_as |= zip(RUN.findall("\n".join(shown)), RUN.findall("\n".join(real)))
        printed = [replaced(line, {value: key for key, value in self.shown_as.items()}) for line in real]
        pattern = "\n".join(r"(?:.*)" if line == "..." else re.escape(form(line)) for line in shown)
        if re.fullmatch(pattern, form("\n".join(printed)), re.DOTALL):
            return None, command + shown
        return f"`{text}` prints\n" + "\n".join("    " + line for line in printed), command + printed


def form(text):
    """The text without what differs each time."""
    for varying, constant in VARIES:
        text = varying.sub(constant, text)
    return text


def replaced(text, numbers):
    """The text with other numbers."""
    return re.sub(r"(?<![\w.])[0-9]{4,10}\b", lambda number: numbers.get(number[0], number[0]), text)


def free_port():
    """A port of loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@contextlib.contextmanager
def process_group():
    """A group for the processes of a page, all of which are ended in the end."""
    # As long as it is not waited for, the group's number is nobody else's.
    leader = subprocess.Popen(["sleep", "infinity"], preexec_fn=os.setpgrp)
    try:
        yield leader.pid
    finally:
        os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()


@contextlib.contextmanager
def kafka(ports):
    """For each port a broker: the folders of Kafka's programs, and the brokers' real ports by those of the page."""
    with contextlib.ExitStack() as stack:
        programs, real = [], {}
        for port in ports:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            owner = os.environ | {"KAFKA_OWNER": str(os.getpid())}
            subprocess.run([KAFKA_SCRIPT, "start", folder], env=owner, check=True)
            stack.callback(subprocess.run, [KAFKA_SCRIPT, "stop", folder], check=True)
            # It answers once the broker does.
            topics = [KAFKA_SCRIPT, "tool", folder, KAFKA_PROGRAMS["kafka-topics.sh"], "--list"]
            subprocess.run(topics, stdout=subprocess.DEVNULL, check=True)
            with open(os.path.join(folder, "env"), encoding="utf-8") as file:
                real[port] = re.search(r"^plain=\S+:([0-9]+)$", file.read(), re.MULTILINE)[1]
            programs.append(os.path.join(folder, "bin"))
            for name, main_class in KAFKA_PROGRAMS.items():
                # kafka.sh says itself where the broker is, and finds its files below the real home.
                go = f'HOME="{os.environ["HOME"]}" exec {KAFKA_SCRIPT} tool {folder} {main_class} "$@"'
                text = f'#!/bin/sh\n[ "$1" = --bootstrap-server ] && shift 2\n{go}'
                write_file(os.path.join(folder, "bin", name), text.split("\n"))
                os.chmod(os.path.join(folder, "bin", name), 0o755)
        yield programs, real


def broken_links(page, lines):
    """Links to files of the repository that are not there."""
    targets = [match[1] for line in lines for match in LINK.finditer(line) if "://" not in match[1]]
    there = [os.path.join(os.path.dirname(os.path.abspath(page)), target) for target in targets]
    return [f"{page}: {target} is not there" for target, path in zip(targets, there) if not os.path.exists(path)]


if __name__ == "__main__":
    sys.exit(main())

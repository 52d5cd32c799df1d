#!/usr/bin/env bash
# Makes a SQLite file of a SQL script, with whatever this machine has: sqlite-from-sql.sh SCRIPT.sql FILE.db
set -euo pipefail

script=$1
file=$2
new=$file.new

rm -f "$new"
if command -v sqlite3 >/dev/null; then
    sqlite3 -bail "$new" <"$script"
else
    python3 - "$new" "$script" <<'PYTHON'
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as script:
    database.executescript(script.read())
database.close()
PYTHON
fi
mv "$new" "$file"

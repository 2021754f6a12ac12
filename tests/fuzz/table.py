#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""table.py BUILD PAGE: the table of the page anew, from the logs of run.sh in BUILD/corpus. A target
without a log keeps its row."""
import pathlib
import re
import sys

MARK = "<!-- fuzz -->"
ROW = "| {} | {:,} | {:,} | {} s |"


def main():
    build, page = map(pathlib.Path, sys.argv[1:3])
    head, _, rest = page.read_text(encoding="utf-8").partition(MARK)
    table, _, tail = rest.lstrip("\n").partition("\n\n")
    rows = {row.split("|")[1].strip(): row for row in table.splitlines()[2:]}
    for log in sorted(build.glob("corpus/*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        done = re.search(r"^Done (\d+) runs in (\d+) second", text, re.MULTILINE)
        edges = re.findall(r"\bcov: (\d+)", text)
        if done and edges:
            rows[log.stem] = ROW.format(log.stem, int(done[1]), int(edges[-1]), done[2])
    lines = ["| target | runs | edges reached | time |", "|---|---|---|---|"]
    lines += [rows[name] for name in sorted(rows)]
    page.write_text(f"{head}{MARK}\n\n" + "\n".join(lines) + f"\n\n{tail}", encoding="utf-8")


main()

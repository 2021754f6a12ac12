#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rules.py ROOT: each shipped rule says what it is, and has a capture that it must find
something in and one that it must not."""
import os
import re
import sys


def problems(name, text):
    for part in ("# Finds:", "# False alarms:", "technique: {id: T", "tactic: {name: ",
                 "severity: ", "\n  description: ", "tags: [network"):
        if part not in text:
            yield f"{name}: no '{part.strip()}'"
    findings = [int(count) for count in re.findall(r"capture: \S+, findings: (\d+)", text)]
    if not any(findings) or 0 not in findings:
        yield f"{name}: not both a positive and a negative capture"


def main(root):
    folder = os.path.join(root, "detectors/rules")
    wrong, used, rules = [], set(), 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".yaml"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        if "type: detector" not in text:
            continue
        rules += 1
        wrong += problems(name, text)
        used |= set(re.findall(r"capture: captures/([^,}]+)", text))
    there = set(os.listdir(os.path.join(folder, "captures")))
    wrong += [f"{name}: no rule uses it" for name in sorted(there - used)]
    wrong += [f"{name}: not there" for name in sorted(used - there)]
    wrong += [f"{name}: larger than 10 kB" for name in sorted(there)
              if os.path.getsize(os.path.join(folder, "captures", name)) > 10_000]
    if rules < 14:
        wrong.append(f"only {rules} rules are read as rules")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main(sys.argv[1])

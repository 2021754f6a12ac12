# SPDX-License-Identifier: Apache-2.0
"""The part of helm's template language that our chart uses, and nothing else: what it does
not know is an error. `if`, `else`, `end`; .Values, .Release, .Chart; toYaml, quote, nindent,
default, sha256sum; {{- and -}}."""
import hashlib
import json
import os
import re

import yaml

ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.DOTALL)
WORD = re.compile(r'"[^"]*"|\S+')


def merged(base, over):
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out


class Chart:
    def __init__(self, folder):
        self.folder = folder
        self.about = self.load("Chart.yaml")
        self.values = self.load("values.yaml")

    def load(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return yaml.safe_load(file)

    def render(self, values=None, name="tracee", namespace="monitoring"):
        """The documents of all templates, as {path: [document…]}."""
        self.scope = {"Values": merged(self.values, values or {}),
                      "Release": {"Name": name, "Namespace": namespace},
                      "Chart": {"AppVersion": self.about["appVersion"]}}
        out = {}
        folder = os.path.join(self.folder, "templates")
        for each in sorted(os.listdir(folder)):
            with open(os.path.join(folder, each), encoding="utf-8") as file:
                text = self.expand(file.read())
            out[each] = [document for document in yaml.safe_load_all(text) if document]
        return out

    def expand(self, text):
        out, at, stack = "", 0, []  # of the `if`s around: whether their text is kept
        trim = False
        for match in ACTION.finditer(text):
            piece = text[at:match.start()]
            if trim:
                piece = piece.lstrip()
            if match[1]:
                piece = piece.rstrip()
            kept = all(stack)
            if kept:
                out += piece
            trim, at = bool(match[3]), match.end()
            words = WORD.findall(match[2])
            if words[0] == "if":
                stack.append(bool(self.value(match[2][2:].strip())))
            elif words == ["else"]:
                stack[-1] = not stack[-1]
            elif words == ["end"]:
                stack.pop()
            elif kept:
                out += str(self.value(match[2]))
        if stack:
            raise ValueError("an `if` without its `end`")
        rest = text[at:]
        return out + (rest.lstrip() if trim else rest)

    def value(self, pipeline):
        value = None
        for number, stage in enumerate(pipeline.split("|")):
            words = WORD.findall(stage)
            if number == 0 and len(words) == 1:
                value = self.operand(words[0])
            else:
                arguments = [self.operand(word) for word in words[1:]]
                if number:
                    arguments.append(value)
                value = self.call(words[0], arguments)
        return value

    def operand(self, word):
        if word.startswith('"'):
            return word[1:-1]
        if word.isdigit():
            return int(word)
        if not word.startswith("."):
            raise ValueError(f"not in the language of the test: {word}")
        value = self.scope
        for part in word[1:].split("."):
            if part not in value:
                raise ValueError(f"{word}: no such value")
            value = value[part]
        return value

    @staticmethod
    def call(name, arguments):
        if name == "toYaml":
            return yaml.safe_dump(arguments[0], default_flow_style=False).removesuffix("...\n").rstrip()
        if name == "quote":
            return json.dumps(str(arguments[0]))
        if name == "nindent":
            blank = "\n" + " " * arguments[0]
            return blank + arguments[1].replace("\n", blank)
        if name == "default":
            return arguments[1] or arguments[0]
        if name == "sha256sum":
            return hashlib.sha256(str(arguments[0]).encode()).hexdigest()
        raise ValueError(f"not in the language of the test: {name}")

# SPDX-License-Identifier: Apache-2.0
"""guide.py DOCS FOLDER NAME.SECTION=FILE|ABOUT…: pages of docs/ as manual pages.

Takes the Markdown that docs/ is written in: headings, paragraphs, lists, tables, fenced
and indented code, `code`, *emphasis*, **strong** and [links](…). Dates are those of
SOURCE_DATE_EPOCH, if set."""
import os
import re
import sys
import time

WIDTH = 76
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
FENCE = re.compile(r"^\s*```")
BULLET = re.compile(r"^(\s*)(?:[-*+]|\d+\.)\s+(.*)$")
INLINE = re.compile(r"(`+)(.+?)\1|\*\*(.+?)\*\*|(?<![\w*])\*(?!\s)(.+?)(?<!\s)\*(?![\w*])")


def escape(text, code=False):
    """A text that roff shows as it is."""
    out = []
    for char in text:
        if char == "\\":
            out.append("\\e")
        elif ord(char) >= 0x80:
            out.append(f"\\[u{ord(char):04X}]")
        elif code and char in "-'`^~":
            out.append({"-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}[char])
        else:
            out.append(char)
    return "".join(out)


def inline(text):
    """Markdown inside a paragraph."""
    text = LINK.sub(lambda link: link[1] if link[1] else link[2], text)
    out, at = [], 0
    for match in INLINE.finditer(text):
        out.append(escape(text[at:match.start()].replace("\\|", "|")))
        if match[2] is not None:
            out.append("\\fB" + escape(match[2].strip().replace("\\|", "|"), True) + "\\fR")
        elif match[3] is not None:
            out.append("\\fB" + escape(match[3]) + "\\fR")
        else:
            out.append("\\fI" + escape(match[4]) + "\\fR")
        at = match.end()
    out.append(escape(text[at:].replace("\\|", "|")))
    return "".join(out)


def guarded(line):
    return "\\&" + line if line[:1] in (".", "'") else line


def prose(text):
    """Lines of a paragraph: a sentence ends its line."""
    lines, line = [], ""
    for word in inline(text).split():
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
        if re.search(r"[.!?](\\fR)?[)\"]?$", word):
            lines.append(line)
            line = ""
    return [guarded(each) for each in lines + [line] if each]


def literal(lines):
    # Two blanks of indent are enough for what is as long as a line.
    return [".Bd -literal -offset 2n", *(guarded(escape(line, True)) for line in lines), ".Ed"]


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


class Page:
    def __init__(self, name, section, about, date):
        self.out = [".\\\" Made from docs/ by packaging/guide.py.", f".Dd {date}",
                    f".Dt {name.upper()} {section}", ".Os", ".Sh NAME", f".Nm {name}",
                    f".Nd {about}", ".Sh DESCRIPTION"]
        self.fresh = True  # right behind a heading: no .Pp

    def put(self, lines, paragraph=True):
        if paragraph and not self.fresh:
            self.out.append(".Pp")
        self.out += lines
        self.fresh = False

    def heading(self, level, title):
        if level == 1:
            return
        macro = ".Sh" if level == 2 else ".Ss"
        text = re.sub(r"[`*]", "", LINK.sub(r"\1", title))
        # A quoted argument is a text, whatever macro it is named like.
        self.out.append(f'{macro} "' + escape(text, True).replace('"', "\\(dq") + '"')
        self.fresh = True

    def table(self, rows):
        """First column as tag; headings only of tables that have some."""
        head, body = rows[0], rows[2:]
        lines = []
        if any(head):
            lines += [".Pp", *prose("(" + "; ".join(cell for cell in head if cell) + ")")]
        lines.append(".Bl -tag -width Ds")
        for row in body:
            lines.append('.It "' + inline(row[0]).replace('"', "\\(dq") + '"')
            lines += prose("; ".join(cell for cell in row[1:] if cell))
        lines.append(".El")
        self.put(lines, paragraph=False)

    def bullets(self, items):
        lines = [".Bl -bullet"]
        for item in items:
            lines += [".It", *prose(item)]
        self.put([*lines, ".El"], paragraph=False)


def convert(text, page):
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip() or line.startswith("<!--"):
            i += 1
        elif FENCE.match(line):
            end = next(k for k in range(i + 1, len(lines)) if FENCE.match(lines[k]))
            page.put(literal(lines[i + 1:end]), paragraph=False)
            i = end + 1
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            page.heading(level, line[level:].strip())
            i += 1
        elif line.startswith("|"):
            end = next((k for k in range(i, len(lines)) if not lines[k].startswith("|")), len(lines))
            page.table([cells(row) for row in lines[i:end]])
            i = end
        elif line.startswith("    "):
            end = i
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            block = [each[4:] for each in lines[i:end]]
            while not block[-1].strip():
                block.pop()
            page.put(literal(block), paragraph=False)
            i = end
        elif BULLET.match(line):
            items = []
            while i < len(lines) and (lines[i].strip() and not lines[i].startswith("#")):
                match = BULLET.match(lines[i])
                if match:
                    items.append(match[2])
                else:
                    items[-1] += " " + lines[i].strip()
                i += 1
            page.bullets(items)
        else:
            words = []
            while i < len(lines) and lines[i].strip() and not re.match(r"[#|]|\s*```", lines[i]) \
                    and not (words and BULLET.match(lines[i])):
                words.append(lines[i].strip())
                i += 1
            page.put(prose(" ".join(words)))


def main(docs, folder, guides):
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    day = time.gmtime(seconds)
    date = time.strftime("%B ", day) + f"{day.tm_mday}, {day.tm_year}"
    for guide in guides:
        name, _, rest = guide.partition("=")
        file, _, about = rest.partition("|")
        name, _, section = name.rpartition(".")
        page = Page(name, section, about, date)
        with open(os.path.join(docs, file), encoding="utf-8") as source:
            convert(source.read(), page)
        page.out += [".Sh SEE ALSO", ".Xr tracee 1 ,", ".Xr tracee-events 7"]
        path = os.path.join(folder, f"man{section}", f"{name}.{section}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as target:
            target.write("\n".join(page.out) + "\n")


main(sys.argv[1], sys.argv[2], sys.argv[3:])

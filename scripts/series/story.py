# SPDX-License-Identifier: GPL-2.0-only
"""The series as a reader meets it: each topic's first words, patches and size."""

import os
import re

from mails import heading_and_text

COLUMNS = {"+": 0, "-": 1}	# of a count

# An empty line, or one of a comment alone.
NO_CODE = re.compile(r"\s*(/\*.*\*/\s*|/\*(?!.*\*/).*|\*([\s/].*)?|//.*|# .*)?$")
KINDS = ("kernel", "tests", "documentation")


def kind_of(path):
    if path.startswith("tools/testing/") or re.search(r"(_kunit|_test)\.[ch]$", path):
        return "tests"
    if path.startswith("Documentation/") or path == "MAINTAINERS":
        return "documentation"
    return "tools" if path.startswith("tools/") else "kernel"


def size(repository, start, end):
    """'kernel +3 -2 (code +1 -2), tests +3 -0' of a range."""
    counts, kind, in_hunk = {}, None, False
    for line in repository.text("diff", "-U0", "--no-renames", "--no-color", "--no-ext-diff",
                                start, end).splitlines():
        if line.startswith("diff --git "):
            kind, in_hunk = kind_of(line.rpartition(" b/")[2]), False
        elif line.startswith("@@ "):
            in_hunk = True
        elif in_hunk and line[:1] in COLUMNS:
            counts.setdefault(kind, [0, 0])[COLUMNS[line[0]]] += 1
            if kind == "kernel" and not NO_CODE.match(line[1:]):
                counts.setdefault("code", [0, 0])[COLUMNS[line[0]]] += 1
    told = {kind: "%s +%d -%d" % (kind, *count) for kind, count in counts.items()}
    if "code" in told:
        told["kernel"] += " (%s)" % told["code"]
    return ", ".join(told[kind] for kind in (*KINDS, "tools") if kind in told)


def tell(series, out):
    """The lines that `make series` prints."""
    for topic, start, end in series.ranges():
        subject, text = heading_and_text(topic)
        yield ""
        yield "%s: %s" % (os.path.join(out, topic.name), subject)
        yield "%d patches, lines: %s" % (len(topic.patches),
                                         size(series.repository, start, end))
        yield from ("    " + line for line in re.split(r"\n\s*\n", text)[0].splitlines())
        for number, patch in enumerate(topic.patches, 1):
            yield "%4d  %s" % (number, patch.subject)

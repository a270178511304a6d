# SPDX-License-Identifier: GPL-2.0-only
"""The series as a reader meets it: each topic's first words, patches and size."""

import os
import re

from mails import heading_and_text

KINDS = ("kernel", "tests", "documentation")


def kind_of(path):
    if path.startswith("tools/testing/") or re.search(r"(_kunit|_test)\.[ch]$", path):
        return "tests"
    if path.startswith("Documentation/") or path == "MAINTAINERS":
        return "documentation"
    return "tools" if path.startswith("tools/") else "kernel"


def size(repository, start, end):
    """'kernel +1 -2, tests +3 -0' of a range."""
    counts = {}
    raw = repository.text("diff", "--numstat", "--no-renames", start, end)
    for line in raw.splitlines():
        added, removed, path = line.split("\t")
        if added != "-":
            count = counts.setdefault(kind_of(path), [0, 0])
            count[0] += int(added)
            count[1] += int(removed)
    return ", ".join("%s +%d -%d" % (kind, *counts[kind])
                     for kind in (*KINDS, "tools") if kind in counts)


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

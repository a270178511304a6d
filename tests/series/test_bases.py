# SPDX-License-Identifier: GPL-2.0-only
"""make series-bases: which topics apply to which kernels."""

import os
import shutil

from test_refusals import guards
from tiny import hook, patch, topic


def other(tiny, name, *edits):
    """Another kernel: the base with its files edited."""
    where = os.path.join(tiny.directory, "others", name)
    shutil.copytree(tiny.base, where)
    tiny.put(where, ".origin", name + "\n")
    for old, new in edits:
        tiny.edit(where, "drivers/a.c", old, new)
    return where


def table(tiny):
    """{kernel: {topic: outcome}}"""
    tiny.put(tiny.directory, "base.stamp", "as tested\n")
    tiny.succeed("bases", "--others", os.path.join(tiny.directory, "others"))
    found = {}
    for line in tiny.get(tiny.root, "series/bases").splitlines():
        if line.startswith("    "):
            name, _, outcome = line.strip().partition(" ")
            kernel[name] = outcome.strip()
        elif line and not line.startswith("#"):
            kernel = found[line] = {}
    return found


@guards("bases.py", '"%d moved" % moved if moved else "as is"', '"as is"')
def test_each_topic_on_each_kernel(tiny):
    other(tiny, "later", ("line 25\n", "line 25\nline 25.5\n"))
    assert table(tiny) == {
        "7.3.4 (as tested)": {"10-drivers": "as is", "20-x86": "as is"},
        "7.3.4 (later)": {"10-drivers": "as is", "20-x86": "1 moved"}}


@guards("bases.py", "            if whole:", "            if True:")
def test_topic_that_fails_is_left_out(tiny):
    topic(tiny, "30-more")
    patch(tiny, "10-drivers/0005-whole", {}, hook("line 50", "line fifty", 50))
    patch(tiny, "30-more/0100-more", {}, hook("line 50", "line 50!", 50).replace(
        "line 50\n", "line fifty\n", 1))
    other(tiny, "older", ("line 10\n", "line X\n"))
    found = table(tiny)["7.3.4 (older)"]
    assert found["10-drivers"].startswith("0010: drivers/a.c"), found
    assert found["20-x86"] == "as is", found
    assert found["30-more"].startswith("0100: drivers/a.c"), found


def test_new_file_that_a_kernel_has(tiny):
    where = other(tiny, "newer")
    tiny.put(where, "arch/x86/new.c", "its own\n")
    found = table(tiny)["7.3.4 (newer)"]
    assert found["20-x86"].startswith("0020: arch/x86/new.c"), found


@guards("bases.py", "in (None, wanted):", "is not wanted:")
def test_kernel_that_was_put_aside_for_other_files(tiny):
    where = other(tiny, "stale")
    tiny.put(where, ".paths", "Makefile\n")
    assert list(table(tiny)) == ["7.3.4 (as tested)"]


def test_files_that_decide(tiny):
    tiny.put(tiny.directory, "base.stamp", "")
    text = tiny.succeed("bases", "--paths")
    assert {"drivers/a.c", "arch/x86/new.c", "MAINTAINERS", "Makefile"} <= \
        set(text.splitlines()), text

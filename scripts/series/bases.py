# SPDX-License-Identifier: GPL-2.0-only
"""make series-bases: which topics apply to which kernels.

Each topic's patches are applied as git am would, on those topics before it that
did apply: one that fails does not hide what the others do.
"""

import os

import basegit
from assemble import OFFSET, Series
from gitrepo import GitError
from patches import number_of
from refresh import DIFF

HEADING = """\
# Which topics apply to which kernels; written by `make series-bases`.
#   as is     each hunk sits where it says
#   N moved   N hunks sit at another line; none needs fuzz
#   NNNN: ... the first patch that does not apply, and where; the topics below are
#             tried without this one
"""


def touched(series):
    """The files that decide."""
    return sorted({path for patch in series.patches for path, _ in patch.sections()}
                  | set(series.overlay) | {"Makefile"})


def tree_of(repository, where, paths):
    """A tree of those of these paths that stand below a directory."""
    with repository.index() as index:
        for path in paths:
            file = os.path.join(where, path)
            if os.path.isfile(file):
                with open(file, "rb") as content:
                    blob = repository.write_blob(content.read())
                mode = "100755" if os.access(file, os.X_OK) else "100644"
                index.put([(mode, blob, path)])
        return index.write()


def outcomes(series, tree):
    """(topic, what came of it) of each topic on a tree."""
    chain = [series.base] + series.commits
    position = 0
    for topic in series.topics:
        diffs = [(patch, series.repository.out(*DIFF, "--binary", *chain[i:i + 2]))
                 for i, patch in enumerate(topic.patches, position)]
        position += len(diffs)
        with series.repository.index(tree) as index:
            outcome, whole = apply_topic(index, diffs)
            if whole:
                tree = index.write()
        yield topic, outcome


def apply_topic(index, diffs):
    moved = 0
    for patch, diff in diffs:
        try:
            done = index.run("apply", "--cached", "--verbose", "--whitespace=nowarn",
                             "-", stdin=diff)
        except GitError as error:
            lines = [line for line in error.stderr.splitlines()
                     if line.startswith("error: ")]
            return "%s: %s" % (number_of(patch.folder), lines[-1][len("error: "):]), False
        moved += len(OFFSET.findall(done.stderr.decode(errors="replace")))
    return "%d moved" % moved if moved else "as is", True


def report(series, kernels):
    """The lines of series/bases; kernels is [(directory, origin)]."""
    paths = touched(series)
    for where, origin in kernels:
        yield ""
        yield "%s (%s)" % (basegit.version(where), origin)
        tree = tree_of(series.repository, where, paths)
        for topic, outcome in outcomes(series, tree):
            yield "    %-24s %s" % (topic.name, outcome)


def find(base, others, paths):
    """The tested base, and then what series-bases has put aside.

    What was put aside for a series that touched other files cannot tell.
    """
    wanted = "".join(path + "\n" for path in paths)
    stamp = basegit.read_stamp(base.rstrip("/") + ".stamp") or "no origin"
    kernels = [(base, stamp.strip())]
    for name in sorted(os.listdir(others)) if others and os.path.isdir(others) else ():
        where = os.path.join(others, name)
        if not name.startswith(".") and \
                basegit.read_stamp(where + "/.paths") in (None, wanted):
            kernels.append((where, basegit.read_stamp(where + "/.origin").strip()))
    return kernels


def write(root, store, base, others, say):
    series = Series(root, store)
    series.assemble()
    lines = []
    for line in report(series, find(base, others, touched(series))):
        say(line)
        lines.append(line + "\n")
    path = os.path.join(root, "series", "bases")
    with open(path + ".new", "w") as file:
        file.write(HEADING + "".join(lines))
    os.rename(path + ".new", path)

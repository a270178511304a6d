# SPDX-License-Identifier: GPL-2.0-only
"""A topic that is sent again: what changed since the last version.

The version that was sent as N is what the repository held at the tag series-vN.
It is assembled from there, and git range-diff compares the two.
"""

import io
import os
import re
import tarfile
import tempfile
from collections import namedtuple

from assemble import Series
from gitrepo import Failure, Repository
from patches import read

SECTION = re.compile(r"^## v(\d+)[ \t]*\n", re.M)
Sent = namedtuple("Sent", "version ranges")


def changelog(topic, version):
    """The sections of changes.md up to this version, the newest first."""
    parts = SECTION.split(topic.text("changes.md"))
    found = {int(number): text.strip() for number, text in zip(parts[1::2], parts[2::2])}
    if not found.get(version):
        raise Failure("%s/changes.md: has no section '## v%d' that tells what changed "
                      "since v%d" % (topic, version, version - 1))
    return "\n\n".join("Changes in v%d:\n\n%s" % (number, found[number])
                       for number in sorted(found, reverse=True) if number <= version)


def last_sent(series, version):
    """The version before this one: {topic's name: (its base, its last commit)}."""
    if version < 2:
        return None
    tag = "series-v%d" % (version - 1)
    house = Repository(series.root)
    if not house.resolve("refs/tags/%s^{commit}" % tag):
        raise Failure("VERSION=%d: there is no tag %s; 'git tag %s COMMIT' names the "
                      "commit that was sent as v%d" % (version, tag, tag, version - 1))
    with tempfile.TemporaryDirectory(prefix="series-sent-") as root:
        with tarfile.open(fileobj=io.BytesIO(house.out("archive", tag))) as archive:
            archive.extractall(root)
        try:
            sent = Series(root, series.repository, series.author,
                          base_of(series.repository, root))
            sent.assemble()
        except Failure as failure:
            raise Failure("%s: %s" % (tag, failure)) from None
    return Sent(version - 1, {slug(topic): (start, end)
                              for topic, start, end in sent.ranges()})


def slug(topic):
    """A topic may get another number."""
    return topic.name.partition("-")[2]


def predecessor(topic, last):
    """What the topic was in the last version; one that was cut has parts."""
    return next((name for name in (slug(topic), topic.was) if name in last.ranges), None)


def tested_tree(root):
    """The git tree of the base that series/base says the series is tested on."""
    text = read(os.path.join(root, "series", "base"), b"").decode()
    match = re.search(r"^tree=([0-9a-f]{40})$", text, re.M)
    return match.group(1) if match else None


def base_of(repository, root):
    """The import of the kernel that the series below root was made for."""
    tree = tested_tree(root)
    known = repository.text("for-each-ref", "--format=%(objectname)", "refs/bases/")
    found = [commit for commit in known.split() if repository.tree_of(commit) == tree]
    return found[0] if found else None


def range_diff(series, topic, start, end, last):
    if not last:
        return ""
    was = predecessor(topic, last)
    if not was:
        return "New in v%d." % (last.version + 1)
    compared = series.repository.text(
        "range-diff", "--no-color", "--no-notes", "%s..%s" % last.ranges[was],
        "%s..%s" % (start, end))
    return "Range-diff against v%d:\n%s" % (last.version, compared)

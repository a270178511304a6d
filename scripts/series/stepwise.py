# SPDX-License-Identifier: GPL-2.0-only
"""make series-bisect: the kernel after each patch, and each topic's own option."""

import os
import re
import subprocess
import sys

from gitrepo import Failure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUITE_FILE = re.compile(r"(\w+)_kunit\.c$")


def run(what, *command):
    if subprocess.run(command, check=False).returncode:
        raise Failure(what)


def build(name, tree, what, *options):
    run("the kernel does not build " + what, sys.executable, "-B",
        os.path.join(ROOT, "scripts", "kernel"), name, "--tree", tree, *options)


def suites(repository, commit):
    """The KUnit suites that a commit has more of than the base."""
    changed = repository.changes("base", commit)
    return sorted(match.group(1) for status, path in changed if status == "A"
                  for match in [SUITE_FILE.search(os.path.basename(path))] if match)


def build_each(worktree, series, test, say):
    """In worktree, which nobody works in."""
    repository = worktree.repository
    count = 0
    for topic, _, end in series.ranges():
        for patch in topic.patches:
            say("%d/%d %s" % (count + 1, len(series.commits), patch.subject))
            repository.run("reset", "--quiet", "--hard", series.commits[count])
            build("bisect", worktree.path, "after %s" % patch)
            count += 1
        if topic.option:
            say("%s without %s" % (topic, topic.option))
            build("bisect", worktree.path, "after %s without %s" % (topic, topic.option),
                  "--without", topic.option)
        found = suites(repository, end)
        if test and found:
            say("%s: KUnit, %s" % (topic, ", ".join(found)))
            build("bisect-debug", worktree.path, "with its tests after %s" % topic)
            run("the KUnit tests fail after %s" % topic,
                os.path.join(ROOT, "tests", "scenarios", "kunit"), "bisect-debug", *found)
    say("the kernel builds after each of the %d patches%s" % (
        count, " and passes the tests of each topic" if test else ""))

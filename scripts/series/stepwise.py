# SPDX-License-Identifier: GPL-2.0-only
"""make series-bisect: the kernel after each patch, and each topic's own option and tests."""

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


def built(name):
    return os.path.join(ROOT, "build", "kernel", name)


def has_selftests(repository, commit):
    return bool(repository.run("ls-tree", "--name-only", commit,
                               "tools/testing/selftests/kvm/x86/tdx_update_test.c").stdout)


def test_topic(worktree, topic, end, say):
    """What a topic's kernel must pass when it is the last one: KUnit, and KVM's selftests."""
    repository = worktree.repository
    found = suites(repository, end)
    if found:
        say("%s: KUnit, %s" % (topic, ", ".join(found)))
        run("the KUnit tests fail after %s" % topic,
            os.path.join(ROOT, "tests", "scenarios", "kunit"), built("bisect"), *found)
    if has_selftests(repository, end):
        say("%s: KVM selftests" % topic)
        run("the KVM selftests fail after %s" % topic,
            os.path.join(ROOT, "tests", "selftests", "topic"), built("bisect"), worktree.path)


def wanted(topic, words):
    return not words or any(word in topic.name for word in words)


def build_each(worktree, series, test, words, say):
    """In worktree, which nobody works in. @words: only the ends of topics with one of them."""
    repository = worktree.repository
    count = number = 0
    for topic, _, end in series.ranges():
        here = wanted(topic, words)
        for patch in topic.patches:
            if here and (not words or patch is topic.patches[-1]):
                say("%d/%d %s" % (count + 1, len(series.commits), patch.subject))
                repository.run("reset", "--quiet", "--hard", series.commits[count])
                build("bisect", worktree.path, "after %s" % patch)
                number += 1
            count += 1
        if here and test:
            test_topic(worktree, topic, end, say)
        if here and topic.option:
            say("%s without %s" % (topic, topic.option))
            build("bisect-without", worktree.path,
                  "after %s without %s" % (topic, topic.option), "--without", topic.option)
    if not number:
        raise Failure("TOPICS=%s: no topic has such a name" % " ".join(words))
    say("the kernel builds after %s%s" % (
        "the end of each of these topics" if words else "each of the %d patches" % count,
        " and passes the tests of each topic" if test else ""))

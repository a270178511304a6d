# SPDX-License-Identifier: GPL-2.0-only
"""The series' tool: what `make tree`, `make refresh` and `make series` call."""

import argparse
import os
import sys

import bases
import mails
import refresh
import rules
import stepwise
import story
import worktree
from assemble import Series
from basegit import base_store
from gitrepo import Failure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    print(text, flush=True)


def warn_about(series):
    """What `make series` would refuse, said early and harmlessly."""
    for line in rules.problems(series):
        say("note: " + line)
    for patch, path, hunk, offset in series.offsets:
        say("note: %s/hooks.diff: %s hunk %s has an %s" % (
            patch, path, hunk, offset))


def command_tree(arguments):
    tree = worktree.Worktree(arguments.root, arguments.tree, say)
    tree.lock()
    store = base_store(arguments.base, say)
    tree.provide(arguments.base, store)
    if arguments.lenient and tree.unexported():
        say("note: %s has changes that are not in series/; it is taken as it is"
            % arguments.tree)
        return
    series = worktree.update(tree, store, arguments.force)
    warn_about(series)
    say("%s: base and %d patches" % (arguments.tree, len(series.patches)))


def command_refresh(arguments):
    tree = worktree.Worktree(arguments.root, arguments.tree, say)
    tree.require()
    tree.lock()
    writes = refresh.refresh(tree, arguments.patch, arguments.at,
                             arguments.force, arguments.all)
    for path, entry in writes.items():
        say("%s %s" % ("wrote  " if entry else "removed", path))
    series, in_line = refresh.settle(tree)
    for path in in_line:
        say("in line %s" % path)
    if not writes and not in_line:
        say("series/ and the overlay are up to date")
    warn_about(series)


def command_mails(arguments):
    store = base_store(arguments.base, say)
    series = mails.publish(arguments.root, store, arguments.out, arguments.signoff,
                           arguments.version, say)
    for line in story.tell(series, os.path.relpath(arguments.out)):
        say(line)
    say("\n%d patches, %d topic(s); git am of each topic on the ones before it gives "
        "what overlay and hunks do, tree %s in the end; two runs gave the same bytes" % (
            len(series.patches), len(series.topics),
            store.tree_of(series.commits[-1])[:12]))


def command_bisect(arguments):
    """Build the kernel after each patch, in a tree of its own."""
    tree = worktree.Worktree(arguments.root, arguments.tree, say)
    tree.lock()
    store = base_store(arguments.base, say)
    tree.provide(arguments.base, store, private=True)
    tree.repository.run("reset", "--quiet", "--hard")
    series = worktree.update(tree, store, force=True)
    stepwise.build_each(tree, series, arguments.test, arguments.topics, say)


def command_bases(arguments):
    store = base_store(arguments.base, lambda text: print(text, file=sys.stderr))
    if arguments.paths:
        for path in bases.touched(Series(arguments.root, store)):
            say(path)
    else:
        bases.write(arguments.root, store, arguments.base, arguments.others, say)


def version(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("VERSION=%s is not a number from 1 on" % text)
    return int(text)


def parse():
    parser = argparse.ArgumentParser(prog="series", description=__doc__)
    parser.add_argument("--root", default=ROOT)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("tree", command_tree), ("refresh", command_refresh),
                           ("mails", command_mails),
                           ("bisect", command_bisect), ("bases", command_bases)):
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        command.add_argument("--tree", default=os.path.join(
            ROOT, "build", "bisect-tree" if name == "bisect" else "tree"))
        command.add_argument("--base", default=os.path.join(ROOT, "build/base"))
        command.add_argument("--force", action="store_true")
        if name == "mails":
            command.add_argument("--out", default=os.path.join(ROOT, "out/series"))
            command.add_argument("--signoff")
            command.add_argument("--version", type=version, default=1)
        if name == "bisect":
            command.add_argument("--test", action="store_true",
                                 help="and run the tests that there are after each topic")
            command.add_argument("--topics", nargs="*", default=[], metavar="WORD",
                                 help="only the ends of topics that have one of the words")
        if name == "bases":
            command.add_argument("--paths", action="store_true",
                                 help="print the files that decide")
            command.add_argument("--others", help="a directory of other kernels")
        if name == "tree":
            command.add_argument("--lenient", action="store_true",
                                 help="leave a tree with work in it alone")
        if name == "refresh":
            command.add_argument("--patch")
            command.add_argument("--at")
            command.add_argument("--all", action="store_true",
                                 help="all of the change is for --patch")
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        arguments.function(arguments)
    except Failure as failure:
        name = {"mails": "series"}.get(arguments.command, arguments.command)
        print("%s: %s" % (name, failure), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

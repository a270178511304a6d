# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the builders of the series and of kernels, on tiny trees. Prints TAP.

usage: python3 tests/series [--no-mutations] [WORD...]   (tests whose name has WORD)

After the tests come the mutations: each piece of the builder that a test claims
to guard is spoilt in a copy, and that test has to fail with the copy.
"""

import os
import shutil
import sys
import tempfile
import traceback

import test_bases
import test_kernel
import test_lift
import test_mails
import test_mistakes
import test_order
import test_refusals
import test_stepwise
import test_tree
import test_versions
from tiny import TOOL, Tiny

MODULES = (test_refusals, test_order, test_mails, test_versions, test_tree, test_lift,
           test_stepwise, test_bases, test_kernel, test_mistakes)


def tests(words):
    for module in MODULES:
        for name, function in vars(module).items():
            if name.startswith("test_") and callable(function) and \
                    all(word in name for word in words):
                yield name[len("test_"):], function


def attempt(function, tool=TOOL):
    """None, or what went wrong."""
    tiny = Tiny(tool)
    try:
        function(tiny)
    except Exception:
        return traceback.format_exc()
    finally:
        tiny.close()
    return None


def spoil(file, old, new, directory):
    """A copy of the builders in which old became new."""
    for part in ("scripts/series", "scripts/kernel", "configs"):
        shutil.copytree(os.path.join(TOOL, "../..", part), os.path.join(directory, part),
                        ignore=shutil.ignore_patterns("__pycache__"))
    copy = os.path.join(directory, "scripts/series")
    path = os.path.join(copy, file)
    with open(path) as source:
        text = source.read()
    if text.count(old) != 1:
        return None
    with open(path, "w") as target:
        target.write(text.replace(old, new))
    return copy


def mutate(function):
    """None if the test fails with the spoilt builder, as it should."""
    with tempfile.TemporaryDirectory(prefix="tiny-mutant-") as directory:
        tool = spoil(*function.guards, directory)
        if not tool:
            return "%s does not hold %r just once" % function.guards[:2]
        if attempt(function, tool) is None:
            return "the test still passes after %r became %r" % function.guards[1:]
    return None


def main(words):
    mutations = "--no-mutations" not in words
    chosen = list(tests([word for word in words if not word.startswith("--")]))
    plan = [(name, attempt, function) for name, function in chosen]
    plan += [("spoilt builder fails: " + name, mutate, function)
             for name, function in chosen
             if mutations and hasattr(function, "guards")]
    print("TAP version 13\n1..%d" % len(plan), flush=True)
    failed = 0
    for number, (name, run, function) in enumerate(plan, 1):
        error = run(function)
        failed += error is not None
        print("%sok %d - series: %s" % ("not " if error else "", number,
                                        name.replace("_", " ")), flush=True)
        for line in (error or "").splitlines():
            print("# " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-2.0-only
"""Tests of tdx-module on hosts made of files. Prints TAP.

usage: python3 tests/tool [--no-mutations] [WORD...]   (tests whose name has WORD)

The tool is built with sanitizers. After the tests come the mutations: a piece that a
test claims to guard is taken out of a copy, and that test has to fail with the copy.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import test_choice
import test_house
import test_outcomes
import test_progress
from host import ROOT, TOOL

OUT = Path(os.environ.setdefault("TDX_TOOL_OUT", str(ROOT / "build/tool")))
WARNINGS = "-O1 -g -Werror"

# A shell starts what it puts into the background with interrupts ignored, and what is started by
# that ignores them, too, the tool among it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def build(source, out, *more):
    out.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["make", "-s", "-C", str(source), f"O={out}", *more, "all"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode else None


def attempt(function, tool):
    """None, or what went wrong."""
    try:
        function(tool)
    except Exception:	# pylint: disable=broad-except
        return traceback.format_exc()
    return None


def mutate(function, _):
    """None if the test fails with the spoilt tool, as it should."""
    file, old, new = function.guards
    with tempfile.TemporaryDirectory(prefix="tool-mutant-") as directory:
        copy, out = Path(directory, "source"), Path(directory, "out")
        shutil.copytree(TOOL, copy)
        text = (copy / file).read_text()
        if text.count(old) != 1:
            return f"{file} does not hold {old!r} just once"
        (copy / file).write_text(text.replace(old, new))
        error = build(copy, out, "CFLAGS=-O0 -w")
        if error:
            return error
        if attempt(function, out / "tdx-module") is None:
            return f"the test still passes after {old!r} became {new!r}"
    return None


def main(words):
    functions = [(name[len("test_"):], function)
                 for module in (test_outcomes, test_progress, test_choice, test_house)
                 for name, function in vars(module).items()
                 if name.startswith("test_") and callable(function)
                 and all(word in name for word in words if not word.startswith("--"))]
    plan = [("it builds without a warning, and with sanitizers",
             lambda *_: build(TOOL, OUT, f"CFLAGS={WARNINGS}", "SANITIZE=address,undefined"), None)]
    plan += [(f"{name}: {function.__doc__.splitlines()[0]}", attempt, function)
             for name, function in functions]
    plan += [(f"without its piece of the tool the test fails: {name}", mutate, function)
             for name, function in functions
             if hasattr(function, "guards") and "--no-mutations" not in words]
    print(f"TAP version 13\n1..{len(plan)}", flush=True)
    failed = 0
    for number, (name, run, function) in enumerate(plan, 1):
        error = run(function, OUT / "tdx-module")
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} - {name}")
        for line in (error or "").splitlines():
            print(f"# {line}")
        sys.stdout.flush()
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))

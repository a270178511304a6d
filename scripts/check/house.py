# SPDX-License-Identifier: GPL-2.0-only
"""What is not kernel: shell, Python and C of this repository, by the usual linters."""

import os
import re
import shutil
import subprocess

from gitrepo import Failure

# Few, and each is about a mistake: style is clang-format's. The README names them.
TIDY = ("bugprone-assignment-in-if-condition", "bugprone-branch-clone", "bugprone-infinite-loop",
        "bugprone-integer-division", "bugprone-misplaced-operator-in-strlen-in-alloc",
        "bugprone-misplaced-pointer-arithmetic-in-alloc", "bugprone-misplaced-widening-cast",
        "bugprone-sizeof-expression", "bugprone-suspicious-enum-usage",
        "bugprone-suspicious-memory-comparison", "bugprone-suspicious-memset-usage",
        "bugprone-suspicious-missing-comma", "bugprone-suspicious-semicolon",
        "bugprone-too-small-loop-variable", "misc-redundant-expression", "misc-unused-parameters")
# Each version demands something else; both releases of Debian have this one.
LLVM = "19"
MESSAGE = re.compile(r"^(\S+?):(\d+):(?:\d+:)? (.*)$")
# A file in another file's language has its name; all others tell in their first line.
SHELL, PYTHON = re.compile(rb"^#!.*\b(ba|da)?sh\b"), re.compile(rb"^#!.*\bpython3\b")
NONE = re.compile(b"(?!)")


def files(context, pattern, suffix):
    """Tracked files that a linter is for."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=context.root, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    for path in filter(None, listed):
        # The kernel's own are checked as the kernel's.
        if path.startswith(("tools/", "arch/", "include/", "series/", "Documentation/", "drivers/")):
            continue
        where = os.path.join(context.root, path)
        if path.endswith(suffix) or "." not in os.path.basename(path) and os.path.isfile(where) and \
                pattern.match(open(where, "rb").readline()):
            yield path


def lint(context, command, paths, wanted=lambda text: True):
    """Run it on the files; the messages as file:line: text."""
    if not shutil.which(command[0]):
        raise Failure("there is no %s; scripts/setup check installs it" % command[0])
    done = subprocess.run([*command, *paths], cwd=context.root, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    found = [match for match in map(MESSAGE.match, done.stdout.splitlines())
             if match and wanted(match.group(3))]
    for match in found:
        yield "%s:%s: %s" % (os.path.relpath(os.path.join(context.root, match.group(1)), context.root),
                             match.group(2), match.group(3))
    if done.returncode and not found:
        yield "%s: failed: %s" % (command[0], " ".join(done.stdout.splitlines()[-3:]))


def shell(context):
    """What is not for us is in .shellcheckrc, where an editor finds it, too."""
    yield from lint(context, ["shellcheck", "--format=gcc", "--severity=warning"],
                    files(context, SHELL, (".sh",)))


def python(context):
    yield from lint(context, ["pylint", "--errors-only", "--disable=import-error,no-name-in-module",
                              "--msg-template={path}:{line}: {msg} ({symbol})", "--score=n"],
                    files(context, PYTHON, (".py",)))


def formatting(context):
    """.clang-format says how; what is a table stands between clang-format off and on."""
    yield from lint(context, ["clang-format-" + LLVM, "--dry-run", "--Werror"],
                    files(context, NONE, (".c", ".h")))


def c(context):
    """The emulator and the programs that run in it, each with its includes."""
    paths = [path for path in files(context, NONE, (".c",)) if path.startswith(
        ("emulator/", "tests/guest/", "scripts/tdxhost/guest/")) and "/tests/" not in path]
    include = [word for directory in ("emulator", "emulator/monitor", "emulator/module",
                                      "emulator/x86", "build/bearssl/inc", "build/uapi/usr/include")
               for word in ("-I", os.path.join(context.root, directory))]
    yield from lint(context, ["clang-tidy-" + LLVM, "--quiet", "--checks=-*," + ",".join(TIDY)],
                    [*paths, "--", "-std=gnu11", "-D_GNU_SOURCE", "-w",
                     '-DMODULE_CONFIG="versions/1.5.06.h"', *include],
                    # What does not parse outside of its Makefile is not for this linter.
                    wanted=lambda text: text.startswith("warning: ") and "clang-diagnostic" not in text)

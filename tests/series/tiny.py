# SPDX-License-Identifier: GPL-2.0-only
"""A tiny kernel and a tiny repository of a series, made anew for each test."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(os.path.dirname(os.path.dirname(HERE)), "scripts", "series")

MAINTAINERS = """\
List of maintainers
===================

Maintainers List
----------------

AN ENTRY
M:\tSomeone <someone@example.com>
F:\tdrivers/a.c

ZERO CODE
M:\tSomeone <someone@example.com>
F:\tdrivers/z.c

THE REST
M:\tSomeone <someone@example.com>
F:\t*
"""


class Tiny:
    def __init__(self, tool=TOOL):
        self.tool = tool
        self.directory = tempfile.mkdtemp(prefix="tiny-series-")
        self.base = os.path.join(self.directory, "base")
        self.root = os.path.join(self.directory, "root")
        self.tree = os.path.join(self.directory, "tree")
        self.out = os.path.join(self.directory, "out")
        self.environment = {}
        self.make_base()
        self.make_series()

    def close(self):
        shutil.rmtree(self.directory)

    # --- files ---

    def put(self, top, path, text):
        where = os.path.join(top, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "w") as file:
            file.write(text)

    def get(self, top, path):
        try:
            with open(os.path.join(top, path)) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def edit(self, top, path, old, new):
        text = self.get(top, path)
        assert text is not None and old in text, (path, old)
        self.put(top, path, text.replace(old, new, 1))

    def contents(self):
        """Everything that the repository holds."""
        found = {}
        for where, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(where, name)
                found[os.path.relpath(path, self.root)] = self.get(where, name)
        return found

    def make_base(self):
        self.put(self.base, "Makefile", "VERSION = 7\nPATCHLEVEL = 3\n"
                                        "SUBLEVEL = 4\nEXTRAVERSION =\n")
        self.put(self.base, "MAINTAINERS", MAINTAINERS)
        # As in Debian's package.
        self.put(self.base, ".gitignore", "*.o\n/*\n!/debian/\n")
        self.put(self.base, "drivers/a.c",
                 "".join("line %d\n" % i for i in range(1, 61)))
        self.put(self.base, "arch/x86/Kconfig", "config X86\n")
        self.put(self.base, "scripts/tool", "#!/bin/sh\n")

    def make_series(self):
        """Two topics of one patch: a hook alone; new files, a hook and the entry."""
        self.put(self.root, "series/cover.md", "10-drivers comes first, then 20-x86.\n")
        self.put(self.root, "series/10-drivers/cover.md",
                 "# drivers: A tiny fix\n\nIt does little.\nBut well.\n\nMore of it.\n")
        self.put(self.root, "series/20-x86/cover.md", "# x86: A file\n\nIt adds one.\n")
        self.put(self.root, "series/10-drivers/0010-first/message",
                 "drivers: Change a line\n\nIt is wrong.\n\nChange it.\n")
        self.put(self.root, "series/10-drivers/0010-first/hooks.diff",
                 hook("line 10", "line ten", 10))
        self.put(self.root, "series/20-x86/0020-second/message",
                 "x86: Add a file\n\nThere is none.\n\nAdd it.\n")
        self.put(self.root, "series/20-x86/0020-second/files",
                 "MAINTAINERS\narch/x86/new.c\n")
        self.put(self.root, "series/20-x86/0020-second/hooks.diff",
                 hook("line 40", "line forty", 40))
        self.put(self.root, "arch/x86/new.c", "new line 1\nnew line 2\n")
        self.put(self.root, "MAINTAINERS", "# the series' own entry\n"
                 "MODULE UPDATE\nM:\tMe <me@example.com>\nF:\tarch/x86/new.c\n")

    # --- commands ---

    def start(self, command, *arguments):
        places = ["--base", self.base]
        places += ["--out", self.out] if command == "mails" \
            else ["--tree", self.tree]
        return subprocess.Popen(
            [sys.executable, "-B", self.tool, "--root", self.root, command,
             *places, *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True, env=dict(os.environ, **self.environment))

    def run(self, command, *arguments):
        with self.start(command, *arguments) as process:
            text = process.communicate()[0]
        return process.returncode, text

    def copy_tool(self):
        """A builder of this test's own, to break on purpose."""
        copy = os.path.join(self.directory, "house/scripts/series")
        shutil.copytree(self.tool, copy)
        self.tool_before, self.tool = self.tool, copy
        return copy

    def break_git(self, subcommand, how):
        """From now on the builder finds a git that does this instead of the subcommand."""
        path = os.path.join(self.directory, "bin/git")
        self.put(self.directory, "bin/git", "#!/bin/sh\nfor word; do\n[ \"$word\" = %s ] || continue"
                 "\n%s\ndone\nexec %s \"$@\"\n" % (subcommand, how, shutil.which("git")))
        os.chmod(path, 0o755)
        self.environment["PATH"] = os.path.dirname(path) + ":" + os.environ["PATH"]

    def succeed(self, command, *arguments):
        status, text = self.run(command, *arguments)
        assert status == 0, text
        return text

    def refuse(self, command, *arguments, naming=()):
        """It must fail, say so in words, and name these in one line."""
        status, text = self.run(command, *arguments)
        assert status == 1, "exit status %d, not 1:\n%s" % (status, text)
        assert "Traceback" not in text, text
        assert any(all(word in line for word in naming)
                   for line in text.splitlines()), \
            "no line names %s:\n%s" % (" and ".join(naming), text)
        return text

    def git(self, *arguments, where=None):
        return subprocess.run(
            ["git", "-C", where or self.tree, "-c", "user.name=Tester",
             "-c", "advice.detachedHead=false",
             "-c", "user.email=tester@example.com", *arguments], check=True,
            stdout=subprocess.PIPE, universal_newlines=True).stdout

    def mails(self):
        """All mails, as names below self.out."""
        return sorted(os.path.relpath(os.path.join(where, name), self.out)
                      for where, _, names in os.walk(self.out) for name in names)


def patch(tiny, folder, files=(), hooks=""):
    """A patch with new files: {path: text}."""
    tiny.put(tiny.root, "series/%s/message" % folder,
             "x86: %s\n\nProblem.\n\nSolution.\n" % folder)
    for path, text in dict(files).items():
        tiny.put(tiny.root, path, text)
    tiny.put(tiny.root, "series/%s/files" % folder, "".join(p + "\n" for p in files))
    tiny.put(tiny.root, "series/%s/hooks.diff" % folder, hooks)


def topic(tiny, name):
    tiny.put(tiny.root, "series/%s/cover.md" % name, "# More\n\nMore of it.\n")
    tiny.put(tiny.root, "series/cover.md", tiny.get(tiny.root, "series/cover.md") + name + "\n")


def hook(old, new, number, path="drivers/a.c"):
    """A diff of one line of drivers/a.c with three lines around it."""
    def line(i):
        return " line %d\n" % i
    return ("diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -%d,7 +%d,7 @@\n" % (
        path, path, path, path, number - 3, number - 3)
        + "".join(line(i) for i in range(number - 3, number))
        + "-%s\n+%s\n" % (old, new)
        + "".join(line(i) for i in range(number + 1, number + 4)))


def add_third(tiny):
    """A third patch, with a hunk on the file that the second one brings."""
    tiny.put(tiny.root, "arch/x86/new.c", "new line 1\nchanged line 2\n")
    tiny.put(tiny.root, "series/20-x86/0030-third/message",
             "x86: Change it\n\nIt is old.\n\nChange it.\n")
    tiny.put(tiny.root, "series/20-x86/0030-third/hooks.diff",
             "diff --git a/arch/x86/new.c b/arch/x86/new.c\n"
             "--- a/arch/x86/new.c\n+++ b/arch/x86/new.c\n"
             "@@ -1,2 +1,2 @@\n new line 1\n-new line 2\n+changed line 2\n")

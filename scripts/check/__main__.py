# SPDX-License-Identifier: GPL-2.0-only
"""make check: what the kernel's own tools say about what the series adds.

Each finding is one line that starts with the file. A warning counts if the base
does not give it too.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
sys.path[1:1] = [os.path.join(SCRIPTS, "series"), os.path.join(SCRIPTS, "kernel")]

# pylint: disable=wrong-import-position
import configurations		# noqa: E402
import documents		# noqa: E402
import house			# noqa: E402
import objects			# noqa: E402
import rooms			# noqa: E402
import text			# noqa: E402
from assemble import Series	# noqa: E402
from basegit import base_store	# noqa: E402
from build import BUILD, ROOT	# noqa: E402
from gitrepo import Failure	# noqa: E402
from worktree import Worktree, update	# noqa: E402


class Context:
    """The series in a tree of its own: what is checked is what is stored."""

    def __init__(self):
        self.root = ROOT
        self.base = os.path.join(BUILD, "base")
        self.tree = os.path.join(BUILD, "check-tree")
        self.mails = os.path.join(ROOT, "out", "series")
        store = base_store(self.base, self.say)
        # Kept: the lock on it holds as long as the object lives.
        self.worktree = worktree = Worktree(ROOT, self.tree, self.say)
        worktree.lock()
        worktree.provide(self.base, store, private=True)
        update(worktree, store, force=True)
        series = Series(ROOT, worktree.repository)
        changed = worktree.repository.changes("base", "HEAD")
        self.added = [path for status, path in changed if status == "A"]
        self.hooked = [path for status, path in changed if status == "M"]
        self.patches = series.patches

    @staticmethod
    def say(line):
        print(line, flush=True)

    @property
    def touched(self):
        return self.added + self.hooked


STEPS = (("shellcheck", house.shell),
         ("pylint, errors", house.python),
         ("clang-format", house.formatting),
         ("clang-tidy", house.c),
         ("the emulator's rooms", rooms.rooms),
         ("checkpatch --strict", text.checkpatch),
         ("MAINTAINERS covers each new file", text.maintained),
         ("kernel-doc -Wall -Werror", documents.kernel_doc),
         ("ABI files", documents.abi),
         ("documentation build", documents.sphinx),
         ("sparse and W=1", objects.warnings),
         ("clang and W=1", configurations.clang),
         ("other configurations", configurations.configurations))


def main(words):
    try:
        context = Context()
        failed = 0
        for name, step in STEPS:
            if words and not any(word in name for word in words):
                continue
            findings = sorted(set(step(context)))
            context.say("%s: %s" % (name, "%d finding(s)" % len(findings)
                                    if findings else "clean"))
            for line in findings:
                context.say("  " + line)
            failed += len(findings)
    except Failure as failure:
        print("check: %s" % failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-2.0-only
"""What the commands say to a mistake, or to what should not happen."""

import os
import shutil

from test_refusals import guards
from tiny import patch


@guards("__main__.py", "or int(text) < 1:", "or False:")
def test_version_that_is_no_number_from_1_on(tiny):
    for wrong in ("two", "0", "-1"):
        status, text = tiny.run("mails", "--version=" + wrong)
        assert status == 2 and "VERSION=%s" % wrong in text, text


@guards("patches.py", "    if not os.path.isdir(where):", "    if False:")
def test_no_series(tiny):
    shutil.rmtree(os.path.join(tiny.root, "series"))
    tiny.refuse("mails", naming=["root/series", "no such directory"])


@guards("mails.py", "if not series.patches:", "if False:")
def test_series_without_patches(tiny):
    for name in ("10-drivers", "20-x86"):
        shutil.rmtree(os.path.join(tiny.root, "series", name))
    tiny.refuse("mails", naming=["holds no patch"])


@guards("mails.py", "if again.overlay_and_hooks() != series.overlay_and_hooks():", "if False:")
def test_overlay_that_changes_meanwhile(tiny):
    tool = tiny.copy_tool()
    tiny.edit(tool, "mails.py", "        prove_applies(series, partial)\n",
              "        prove_applies(series, partial)\n"
              "        open(os.path.join(root, 'arch/x86/new.c'), 'a').write('more')\n")
    tiny.refuse("mails", naming=["changed meanwhile"])


@guards("maintainers.py", "if len(lines) < 2 or ENTRY_LINE.match(lines[0]):", "if False:")
def test_maintainers_entry_without_a_title(tiny):
    tiny.edit(tiny.root, "MAINTAINERS", "MODULE UPDATE\n", "")
    tiny.refuse("mails", naming=["MAINTAINERS", "title"])


@guards("maintainers.py", 'raise Failure("MAINTAINERS: found no place for %r" % title.decode())',
        "return kernel")
def test_maintainers_entry_that_has_no_place(tiny):
    tiny.put(tiny.base, "MAINTAINERS", "Maintainers List\n----\n\nAN ENTRY\nF:\tdrivers/a.c\n")
    tiny.refuse("mails", naming=["MAINTAINERS", "no place", "MODULE UPDATE"])


@guards("maintainers.py", "if count <= 0 or before[head:] != after[head + count:]:", "if False:")
def test_change_of_another_maintainers_entry(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "MAINTAINERS", "AN ENTRY", "ANOTHER ENTRY")
    tiny.refuse("refresh", "--patch", "0020", naming=["MAINTAINERS", "only add one entry"])


@guards("worktree.py", "    def require(self):\n        if not self.exists():",
        "    def require(self):\n        if False:")
def test_refresh_without_a_tree(tiny):
    tiny.refuse("refresh", naming=["tree", "does not exist", "make tree"])


@guards("refresh.py", "    if tree.in_progress():", "    if False:")
def test_refresh_in_a_rebase(tiny):
    tiny.succeed("tree")
    os.mkdir(os.path.join(tiny.tree, ".git/rebase-merge"))
    tiny.refuse("refresh", naming=["rebase is in progress"])


@guards("worktree.py", "    if tree.in_progress():", "    if False:")
def test_tree_in_a_rebase(tiny):
    tiny.succeed("tree")
    os.mkdir(os.path.join(tiny.tree, ".git/rebase-merge"))
    tiny.refuse("tree", naming=["rebase is in progress"])


@guards("refresh.py", "    if twice:", "    if False:")
def test_two_commits_of_one_subject(tiny):
    tiny.succeed("tree")
    tiny.git("commit", "--quiet", "--allow-empty", "-m", "x86: Add a file")
    tiny.refuse("refresh", naming=["two commits", "x86: Add a file"])


@guards("refresh.py", "    if len(matches) != 1:", "    if False:")
def test_patch_that_there_is_not(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 20\n", "line twenty\n")
    text = tiny.refuse("refresh", "--patch", "0099", naming=["PATCH=0099", "no commit"])
    assert "10-drivers/0010-first" in text, text


@guards("refresh.py", "    if len(numbers) < count:", "    if False:")
def test_no_number_is_free(tiny):
    patch(tiny, "20-x86/9999-last", {"arch/x86/last.c": "last\n"})
    tiny.succeed("tree")
    tiny.put(tiny.tree, "arch/x86/after.c", "after\n")
    tiny.git("add", "-f", "arch/x86/after.c")
    tiny.git("commit", "--quiet", "-m", "x86: After the last\n\nProblem.\n\nSolution.")
    tiny.refuse("refresh", naming=["no 1 numbers are free", "9999-last"])


@guards("refresh.py", "    if old != new:\n        raise", "    if False:\n        raise")
def test_folding_that_changes_the_files(tiny):
    tool = tiny.copy_tool()
    tiny.edit(tool, "refresh.py", "step = tree_with(repository, old, new, paths)",
              "step = old")
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 20\n", "line twenty\n")
    tiny.refuse("refresh", "--patch", "0010", naming=["did not give the files as they are"])


@guards("assemble.py", "        if not self.base:", "        if False:")
def test_import_of_the_base_without_its_tag(tiny):
    tiny.succeed("mails")
    tiny.git("tag", "-d", "base", where=tiny.base + ".git")
    tiny.refuse("mails", naming=["base.git", "no tag 'base'"])


@guards("worktree.py", "        if not base:", "        if False:")
def test_tree_without_its_tag(tiny):
    tiny.succeed("tree")
    tiny.git("tag", "-d", "base")
    for command in ("refresh", "tree"):
        tiny.refuse(command, naming=[tiny.tree, "no tag 'base'"])


@guards("basegit.py", "    if loader.wait():", "    if loader.wait() and False:")
def test_import_of_the_base_that_fails(tiny):
    """As on a full disk."""
    tiny.break_git("fast-import", "exit 1")
    tiny.refuse("mails", naming=["fast-import", tiny.base])
    tiny.environment.clear()
    tiny.succeed("mails")


@guards("gitrepo.py", "if kind is None and self.process.returncode:", "if False:")
def test_commits_that_cannot_be_written(tiny):
    tiny.succeed("mails")
    for how in ("exit 1", "%s \"$@\"; exit 1" % shutil.which("git")):
        tiny.break_git("fast-import", how)
        tiny.refuse("mails", naming=["git fast-import:", "failed"])

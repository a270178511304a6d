# SPDX-License-Identifier: GPL-2.0-only
"""A new file that later patches change: its earlier states come from the last one."""

import os

from test_refusals import guards
from test_tree import commit
from tiny import add_third

NEW = "arch/x86/new.c"
SECOND = "series/20-x86/0020-second/"
THIRD = "series/20-x86/0030-third/"


def state(tiny, revision, path=NEW):
    return tiny.git("show", "%s:%s" % (revision, path))


def snapshot_is_refused(tiny, *arguments, naming):
    before = tiny.contents()
    tiny.refuse(*arguments, naming=naming)
    assert tiny.contents() == before


@guards("assemble.py", 'index.run("apply", "--cached", "--reverse",',
        'index.run("apply", "--cached", "--reverse", "--check",')
def test_earlier_state_is_derived(tiny):
    add_third(tiny)
    tiny.succeed("tree")
    assert state(tiny, "HEAD^") == "new line 1\nnew line 2\n"
    assert state(tiny, "HEAD") == "new line 1\nchanged line 2\n"
    tiny.succeed("mails")
    assert "+new line 2\n" in tiny.get(tiny.out, "20-x86/0001-x86-Add-a-file.patch")
    assert "up to date" in tiny.succeed("refresh")


def test_commit_on_another_patchs_file(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, NEW, "line 2", "line two")
    commit(tiny, "x86: Change it again\n\nProblem.\n\nSolution.")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, NEW) == "new line 1\nnew line two\n"
    assert "+new line two\n" in tiny.get(
        tiny.root, "series/20-x86/0030-change-it-again/hooks.diff")
    assert NEW in tiny.get(tiny.root, SECOND + "files")
    tiny.succeed("mails")


@guards("assemble.py", "for entry in sorted(set(self.left[patch]) - set(entries)):",
        "for entry in ():")
def test_forward_and_backward_agree(tiny):
    """Two places that look alike: going forward, git takes the nearer one."""
    alike = "".join("%s\n" % i for i in (1, 2, 3, "x", 4, 5, 6)) * 2
    tiny.put(tiny.root, NEW, alike.replace("x", "y", 1))
    tiny.put(tiny.root, THIRD + "message", "x86: Change it\n\nIt is old.\n\nChange it.\n")
    tiny.put(tiny.root, THIRD + "hooks.diff",
             "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -8,7 +8,7 @@\n" % ((NEW,) * 4)
             + " 1\n 2\n 3\n-x\n+y\n 4\n 5\n 6\n")
    tiny.refuse("mails", naming=[THIRD + "hooks.diff", NEW, "forward"])


def in_the_middle(tiny):
    """The third patch changes the middle of a longer file."""
    lines = ["new %d\n" % i for i in range(1, 30)]
    tiny.put(tiny.root, NEW, "".join(lines).replace("new 15\n", "changed\n"))
    tiny.put(tiny.root, THIRD + "message", "x86: Change it\n\nIt is old.\n\nChange it.\n")
    tiny.put(tiny.root, THIRD + "hooks.diff",
             "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -12,7 +12,7 @@\n" % ((NEW,) * 4)
             + " new 12\n new 13\n new 14\n-new 15\n+changed\n new 16\n new 17\n new 18\n")


@guards("refresh.py", "    for path, entry in writes.items():\n        write(tree.root, path, entry)\n    if writes:",
        "    if False:")
def test_line_that_moves_a_later_hunk(tiny):
    in_the_middle(tiny)
    tiny.edit(tiny.root, NEW, "new 1\n", "new 0\nnew 1\n")
    tiny.refuse("mails", naming=[THIRD + "hooks.diff", NEW, "offset 1"])
    tiny.succeed("tree")
    assert state(tiny, "HEAD^").startswith("new 0\n")
    text = tiny.succeed("refresh")
    assert "in line %shooks.diff" % THIRD in text, text
    tiny.succeed("mails")


@guards("assemble.py", "\"%s/hooks.diff does not come off %s", "\"%s/hooks.diff: %s")
def test_edit_where_a_later_patch_changes_it(tiny):
    in_the_middle(tiny)
    tiny.succeed("tree")
    tiny.edit(tiny.root, NEW, "changed", "edited")
    snapshot_is_refused(tiny, "tree", naming=[THIRD + "hooks.diff", NEW, "does not come off",
                                              "PATCH=0030"])


@guards("refresh.py", "    if unclear:", "    if False:")
def test_edit_of_a_file_that_two_patches_have(tiny):
    in_the_middle(tiny)
    tiny.succeed("tree")
    tiny.edit(tiny.tree, NEW, "new 29\n", "new twenty-nine\n")
    snapshot_is_refused(tiny, "refresh", naming=[NEW, "0020-second", "0030-third"])
    tiny.succeed("refresh", "--patch", "0030")
    assert "+new twenty-nine\n" in tiny.get(tiny.root, THIRD + "hooks.diff")
    assert "new twenty-nine\n" in tiny.get(tiny.root, NEW)
    tiny.edit(tiny.tree, NEW, "new 1\n", "new one\n")
    tiny.succeed("refresh", "--patch", "0020")
    assert "new one\n" in tiny.get(tiny.root, NEW)
    assert "new one" not in tiny.get(tiny.root, THIRD + "hooks.diff")
    assert state(tiny, "HEAD^").startswith("new one\n")
    assert tiny.git("status", "--porcelain") == ""
    tiny.succeed("mails")


@guards("refresh.py", "if len(candidates) == 1 and not everything:",
        "if len(candidates) == 1 and told is None:")
def test_edit_goes_to_the_one_patch_that_has_the_file(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, NEW, "line 2", "line two")
    tiny.edit(tiny.tree, "drivers/a.c", "line 50\n", "line fifty\n")
    tiny.succeed("refresh", "--patch", "0010")
    assert tiny.get(tiny.root, NEW) == "new line 1\nnew line two\n"
    assert "new.c" not in tiny.get(tiny.root, "series/10-drivers/0010-first/hooks.diff")
    tiny.succeed("mails")


@guards("refresh.py", "if len(candidates) == 1 and not everything:",
        "if len(candidates) == 1:")
def test_all_of_a_change_goes_where_it_is_told(tiny):
    add_third(tiny)
    tiny.put(tiny.root, "arch/x86/other.c", "other line\n")
    tiny.put(tiny.root, SECOND + "files", "MAINTAINERS\narch/x86/new.c\narch/x86/other.c\n")
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "arch/x86/other.c", "other", "another")
    tiny.succeed("refresh", "--patch", "0030", "--all")
    assert "+another line\n" in tiny.get(tiny.root, THIRD + "hooks.diff")
    assert state(tiny, "HEAD^", "arch/x86/other.c") == "other line\n"
    tiny.succeed("mails")


def test_fold_below_a_patch_that_changes_the_same_line(tiny):
    add_third(tiny)
    tiny.succeed("tree")
    tiny.edit(tiny.tree, NEW, "changed", "altered")
    snapshot_is_refused(tiny, "refresh", "--patch", "0020", naming=["later patch", NEW])


@guards("rules.py", "if path in claimed and path not in brought:", "if False:")
def test_hunk_on_a_file_that_a_later_patch_brings(tiny):
    add_third(tiny)
    os.rename(os.path.join(tiny.root, THIRD), os.path.join(tiny.root, "series/10-drivers/0030-third"))
    tiny.refuse("mails", naming=["series/10-drivers/0030-third/hooks.diff", NEW,
                                 "series/20-x86/0020-second", "first to bring"])


@guards("rules.py", "            if path in claimed:\n", "            if False:\n")
def test_hunk_removes_a_new_file(tiny):
    add_third(tiny)
    os.unlink(os.path.join(tiny.root, NEW))
    tiny.put(tiny.root, THIRD + "hooks.diff",
             "diff --git a/%s b/%s\ndeleted file mode 100644\n--- a/%s\n+++ /dev/null\n"
             "@@ -1,2 +0,0 @@\n-new line 1\n-new line 2\n" % (NEW, NEW, NEW))
    tiny.refuse("mails", naming=[THIRD + "hooks.diff", "removes " + NEW, "0020-second"])


@guards("refresh.py", 'if status == "D" and path in owner:', "if False:")
def test_commit_removes_a_new_file(tiny):
    tiny.succeed("tree")
    os.unlink(os.path.join(tiny.tree, NEW))
    commit(tiny, "x86: Remove it\n\nProblem.\n\nSolution.")
    snapshot_is_refused(tiny, "refresh", naming=[NEW, "removes", "0020-second"])


def test_maintainers_entry_that_grows(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "MAINTAINERS", "F:\tarch/x86/new.c\n",
              "F:\tarch/x86/more.c\nF:\tarch/x86/new.c\n")
    tiny.put(tiny.tree, "arch/x86/more.c", "more\n")
    commit(tiny, "x86: Add more\n\nProblem.\n\nSolution.")
    tiny.succeed("refresh")
    assert "more.c" in tiny.get(tiny.root, "MAINTAINERS")
    assert "+F:\tarch/x86/more.c\n" in tiny.get(tiny.root, "series/20-x86/0030-add-more/hooks.diff")
    assert "more.c" not in state(tiny, "HEAD^", "MAINTAINERS")
    tiny.succeed("mails")
    assert "up to date" in tiny.succeed("refresh")


def test_mode_that_a_later_patch_changes(tiny):
    tiny.succeed("tree")
    os.chmod(os.path.join(tiny.tree, NEW), 0o755)
    commit(tiny, "x86: Make it a program\n\nProblem.\n\nSolution.")
    tiny.succeed("refresh")
    assert os.access(os.path.join(tiny.root, NEW), os.X_OK)
    tiny.succeed("mails")
    assert "new file mode 100644\n" in tiny.get(
        tiny.out, "20-x86/0001-x86-Add-a-file.patch")


@guards("refresh.py", "if at and not (first.isdigit() and len(first) == 4):", "if False:")
def test_new_commit_in_a_topic_that_is_named(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, NEW, "line 2", "line two")
    commit(tiny, "x86: Change it again\n\nProblem.\n\nSolution.")
    tiny.refuse("refresh", "--at", "more", naming=["AT=more", "NN-topic/NNNN"])
    tiny.succeed("refresh", "--at", "30-more/0100")
    assert tiny.get(tiny.root, "series/30-more/0100-change-it-again/message")


def test_number_between_two_of_a_topic(tiny):
    add_third(tiny)
    tiny.succeed("tree")
    tiny.git("checkout", "--quiet", "HEAD^")
    tiny.put(tiny.tree, "drivers/b.c", "b\n")
    commit(tiny, "drivers: Between\n\nProblem.\n\nSolution.")
    tiny.git("cherry-pick", "series")
    tiny.git("checkout", "--quiet", "-B", "series")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "series/20-x86/0025-between/files") == "drivers/b.c\n"

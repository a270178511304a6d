# SPDX-License-Identifier: GPL-2.0-only
"""make tree and make refresh: work goes both ways and none is lost."""

import os
import shutil

from test_refusals import guards


def commit(tiny, message):
    tiny.git("add", "-A")
    tiny.git("commit", "--quiet", "-m", message)


def test_tree_has_base_and_one_commit_a_patch(tiny):
    tiny.succeed("tree")
    log = tiny.git("log", "--format=%s", "base..HEAD").split("\n")
    assert log[:2] == ["x86: Add a file", "drivers: Change a line"], log
    assert tiny.git("status", "--porcelain") == ""
    assert "line ten\n" in tiny.get(tiny.tree, "drivers/a.c")


def test_tree_is_the_same_every_time(tiny):
    tiny.succeed("tree")
    head = tiny.git("rev-parse", "HEAD")
    tiny.succeed("tree")
    assert tiny.git("rev-parse", "HEAD") == head
    tiny.tree += "-again"
    tiny.succeed("tree")
    assert tiny.git("rev-parse", "HEAD") == head


@guards("worktree.py", '"reset", "--quiet", "--keep", commit',
        '"reset", "--quiet", "--hard", "base", "--"')
def test_tree_writes_only_what_changed(tiny):
    tiny.succeed("tree")
    for path in ("drivers/a.c", "arch/x86/new.c", "Makefile"):
        os.utime(os.path.join(tiny.tree, path), (1, 1))
    tiny.git("status")		# let git take note of the new times
    tiny.put(tiny.root, "arch/x86/new.c", "another\n")
    tiny.succeed("tree")
    times = {path: os.stat(os.path.join(tiny.tree, path)).st_mtime
             for path in ("drivers/a.c", "arch/x86/new.c", "Makefile")}
    assert times["drivers/a.c"] == 1 and times["Makefile"] == 1, times
    assert times["arch/x86/new.c"] != 1


def test_maintainers_entry_is_sorted_in(tiny):
    tiny.succeed("tree")
    titles = [line for line in tiny.get(tiny.tree, "MAINTAINERS").split("\n")
              if line.isupper() and "\t" not in line]
    assert titles == ["AN ENTRY", "MODULE UPDATE", "ZERO CODE", "THE REST"], titles
    assert "# the series'" not in tiny.get(tiny.tree, "MAINTAINERS")


def test_refresh_of_a_fresh_tree_changes_nothing(tiny):
    tiny.succeed("tree")
    before = tiny.contents()
    text = tiny.succeed("refresh")
    assert "up to date" in text, text
    assert tiny.contents() == before


def test_refresh_exports_a_new_commit(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 20\n", "line twenty\n")
    tiny.put(tiny.tree, "drivers/b.c", "b\n")
    commit(tiny, "drivers: Do more\n\nIt is too little.\n\nMore is better.")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "drivers/b.c") == "b\n"
    where = "series/20-x86/0030-do-more/"
    assert tiny.get(tiny.root, where + "files") == "drivers/b.c\n"
    assert "+line twenty\n" in tiny.get(tiny.root, where + "hooks.diff")
    assert tiny.get(tiny.root, where + "message") == \
        "drivers: Do more\n\nIt is too little.\n\nMore is better.\n"
    tiny.succeed("mails")


def test_a_number_between_two_neighbours(tiny):
    tiny.succeed("tree")
    tiny.git("checkout", "--quiet", "HEAD^")
    tiny.put(tiny.tree, "drivers/b.c", "b\n")
    commit(tiny, "drivers: Between\n\nProblem.\n\nSolution.")
    tiny.git("cherry-pick", "series")
    tiny.git("checkout", "--quiet", "-B", "series")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "series/10-drivers/0030-between/files") == "drivers/b.c\n"


@guards("refresh.py", "        if first > second:", "        if False:")
def test_commits_in_another_order(tiny):
    tiny.succeed("tree")
    tiny.git("checkout", "--quiet", "base")
    tiny.git("cherry-pick", "series", "series^")
    tiny.git("checkout", "--quiet", "-B", "series")
    before = tiny.contents()
    tiny.refuse("refresh", naming=["series/20-x86/0020-second", "series/10-drivers/0010-first", "rename"])
    assert tiny.contents() == before


def test_renamed_folder_moves_the_patch(tiny):
    tiny.succeed("tree")
    os.rename(os.path.join(tiny.root, "series/20-x86/0020-second"),
              os.path.join(tiny.root, "series/10-drivers/0005-second"))
    shutil.rmtree(os.path.join(tiny.root, "series/20-x86"))
    tiny.succeed("tree")
    log = tiny.git("log", "--format=%s", "base..HEAD").split("\n")
    assert log[:2] == ["drivers: Change a line", "x86: Add a file"], log
    assert "up to date" in tiny.succeed("refresh")
    tiny.succeed("mails")


def test_reworded_subject_keeps_its_folder(tiny):
    tiny.succeed("tree")
    tiny.git("commit", "--quiet", "--amend", "-m", "x86: Bring a file\n\nProblem.\n\nSolution.")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "series/20-x86/0020-second/message").startswith(
        "x86: Bring a file\n")


def test_dropped_commit_drops_its_files(tiny):
    tiny.succeed("tree")
    tiny.git("reset", "--quiet", "--hard", "HEAD^")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "series/20-x86/0020-second/message") is None
    assert tiny.get(tiny.root, "arch/x86/new.c") is None


@guards("refresh.py", "        elif told is not None:\n", "        elif True:\n")
def test_uncommitted_hook_needs_a_patch(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 50\n", "line fifty\n")
    before = tiny.contents()
    tiny.refuse("refresh", naming=["drivers/a.c"])
    assert tiny.contents() == before


def test_uncommitted_hook_folds_into_patch(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 50\n", "line fifty\n")
    tiny.succeed("refresh", "--patch", "0010")
    assert "+line fifty\n" in tiny.get(tiny.root, "series/10-drivers/0010-first/hooks.diff")
    assert "fifty" not in tiny.get(tiny.root, "series/20-x86/0020-second/hooks.diff")
    assert tiny.git("status", "--porcelain") == ""
    tiny.succeed("mails")


def test_uncommitted_overlay_file_finds_its_patch(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "arch/x86/new.c", "line 2", "line two")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "arch/x86/new.c") == "new line 1\nnew line two\n"


@guards("worktree.py", '"/*\\n" not in lines', "True")
def test_new_file_is_seen_although_debian_ignores_it(tiny):
    tiny.succeed("tree")
    assert tiny.git("status", "--porcelain") == ""
    tiny.put(tiny.tree, "arch/x86/more.c", "more\n")
    tiny.put(tiny.tree, "arch/x86/more.o", "ignored\n")
    assert tiny.git("status", "--porcelain") == "?? arch/x86/more.c\n"
    tiny.refuse("refresh", naming=["arch/x86/more.c"])
    tiny.succeed("refresh", "--patch", "0020")
    assert tiny.get(tiny.root, "arch/x86/more.c") == "more\n"
    tiny.git("reset", "--quiet", "--hard")
    tiny.put(tiny.tree, "drivers/b.c", "b\n")
    commit(tiny, "drivers: Do more\n\nIt is too little.\n\nMore is better.")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "drivers/b.c") == "b\n"
    tiny.succeed("mails")


@guards("refresh.py", "    if done.returncode:", "    if False:")
def test_fold_that_builds_on_a_later_patch(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line forty\n", "line 40!\n")
    before = tiny.contents()
    tiny.refuse("refresh", "--patch", "0010", naming=["later patch", "drivers/a.c"])
    assert tiny.contents() == before
    tiny.succeed("refresh", "--patch", "0020")
    assert "+line 40!\n" in tiny.get(tiny.root, "series/20-x86/0020-second/hooks.diff")


@guards("worktree.py", "if tree.head != synced and not force:", "if False:")
def test_tree_does_not_drop_a_commit(tiny):
    tiny.succeed("tree")
    tiny.put(tiny.tree, "drivers/b.c", "b\n")
    commit(tiny, "drivers: Do more\n\nProblem.\n\nSolution.")
    head = tiny.git("rev-parse", "HEAD")
    tiny.refuse("tree", naming=["make refresh"])
    assert tiny.git("rev-parse", "HEAD") == head
    tiny.succeed("tree", "--force")
    assert tiny.get(tiny.tree, "drivers/b.c") is None


def test_tree_keeps_uncommitted_work(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 50\n", "line fifty\n")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    tiny.succeed("tree")
    assert "line fifty\n" in tiny.get(tiny.tree, "drivers/a.c")
    assert "line two" in tiny.get(tiny.tree, "arch/x86/new.c")
    tiny.edit(tiny.tree, "arch/x86/new.c", "line two", "line too")
    tiny.edit(tiny.root, "arch/x86/new.c", "line two", "line 2")
    tiny.refuse("tree", naming=["uncommitted changes"])
    assert "line too" in tiny.get(tiny.tree, "arch/x86/new.c")


def test_both_sides_changed_different_files(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    tiny.edit(tiny.tree, "drivers/a.c", "line 50\n", "line fifty\n")
    tiny.succeed("refresh", "--patch", "0010")
    assert "line two" in tiny.get(tiny.root, "arch/x86/new.c")
    assert "line two" in tiny.get(tiny.tree, "arch/x86/new.c")
    assert "+line fifty\n" in tiny.get(tiny.root, "series/10-drivers/0010-first/hooks.diff")


@guards("refresh.py", "if now != old and not force:", "if False:")
def test_both_sides_changed_one_file(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    tiny.edit(tiny.tree, "arch/x86/new.c", "line 1", "line one")
    before = tiny.contents()
    tiny.refuse("refresh", naming=["arch/x86/new.c"])
    assert tiny.contents() == before
    tiny.succeed("refresh", "--force")
    assert tiny.get(tiny.root, "arch/x86/new.c") == "new line one\nnew line 2\n"


@guards("refresh.py", "    for path, entry in writes.items():\n        write(tree.root, path, entry)\n    if writes:",
        "    if False:")
def test_refresh_brings_an_offset_in_line(tiny):
    """A line that an earlier patch now adds moves the hunks of a later one."""
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "@@ -7,7 +7,7 @@",
              "@@ -7,7 +7,8 @@")
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "+line ten\n",
              "+line ten\n+line ten and a half\n")
    tiny.refuse("mails", naming=["series/20-x86/0020-second/hooks.diff", "offset 1"])
    tiny.succeed("tree")
    text = tiny.succeed("refresh")
    assert "in line series/20-x86/0020-second/hooks.diff" in text, text
    assert "@@ -38,7 +38,7 @@" in tiny.get(tiny.root, "series/20-x86/0020-second/hooks.diff")
    assert tiny.get(tiny.root, "series/10-drivers/0010-first/hooks.diff").count("@@ -7,7 +7,8 @@")
    tiny.succeed("mails")


@guards("refresh.py", "not in (None, tree.repository.tree_of(tree.base)):",
        "not in (None, tree.repository.tree_of(tree.base)) and False:")
def test_refresh_on_another_base_leaves_the_lines(tiny):
    tiny.put(tiny.root, "series/base", "tree=%s\n" % ("0" * 40))
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "@@ -7,7 +7,7 @@",
              "@@ -9,7 +9,7 @@")
    tiny.succeed("tree")
    before = tiny.contents()
    tiny.succeed("refresh")
    assert tiny.contents() == before


def test_maintainers_entry_is_not_a_hunk(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "MAINTAINERS", "Me <me@", "You <you@")
    commit(tiny, "fixup")
    tiny.git("reset", "--quiet", "--soft", "HEAD^")
    tiny.git("commit", "--quiet", "--amend", "--no-edit")
    tiny.succeed("refresh")
    assert tiny.get(tiny.root, "MAINTAINERS") == (
        "# the series' own entry\nMODULE UPDATE\n"
        "M:\tYou <you@example.com>\nF:\tarch/x86/new.c\n")
    assert "MAINTAINERS" not in tiny.get(tiny.root, "series/20-x86/0020-second/hooks.diff")


@guards("worktree.py", 'if tree.repository.tree_of(tree.base) != store.tree_of("base"):',
        "if False:")
def test_tree_on_another_base(tiny):
    tiny.succeed("tree")
    tiny.git("tag", "-f", "base", "HEAD")
    tiny.refuse("tree", naming=["another base"])


def kill_in_mid_move(tiny):
    """make tree dies when git has written a part of what it has to write."""
    tool, whole = tiny.copy_tool(), tiny.tool_before
    tiny.edit(tool, "worktree.py", 'self.repository.run("reset", "--quiet", "--keep", commit)',
              """open(self.path + "/.git/index.lock", "w").close()
                open(self.path + "/drivers/a.c", "w").write("line 1\\nline 2\\nli")
                os.unlink(self.path + "/arch/x86/new.c")
                os._exit(9)""")
    assert tiny.run("tree")[0] == 9
    tiny.tool = whole


@guards("worktree.py", "            self.finish_move()", "            pass")
def test_interrupted_change_of_the_tree_is_finished(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "+line ten\n", "+line 10!\n")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    tiny.put(tiny.tree, "drivers/mine.c", "mine\n")
    kill_in_mid_move(tiny)
    before = tiny.contents()
    text = tiny.succeed("tree", "--lenient")
    assert "interrupted" in text, text
    assert tiny.git("status", "--porcelain") == "?? drivers/mine.c\n"
    assert "line 10!\n" in tiny.get(tiny.tree, "drivers/a.c")
    assert "line two" in tiny.get(tiny.tree, "arch/x86/new.c")
    os.unlink(os.path.join(tiny.tree, "drivers/mine.c"))
    assert "up to date" in tiny.succeed("refresh")
    assert tiny.contents() == before


@guards("worktree.py", "        if edited:", "        if False:")
def test_edit_after_an_interruption_is_not_lost(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "+line ten\n", "+line 10!\n")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    kill_in_mid_move(tiny)
    tiny.put(tiny.tree, "drivers/a.c", "line one\n")
    tiny.refuse("tree", naming=["drivers/a.c", "edited"])
    assert tiny.get(tiny.tree, "drivers/a.c") == "line one\n"
    os.unlink(os.path.join(tiny.tree, "drivers/a.c"))
    tiny.succeed("tree")
    assert tiny.git("status", "--porcelain") == ""


@guards("worktree.py", "            self.write_note(MOVING_FILE, [commit, folders])", "            pass")
def test_killed_before_it_took_note_of_the_change(tiny):
    tiny.succeed("tree")
    tiny.edit(tiny.root, "arch/x86/new.c", "line 2", "line two")
    tool, whole = tiny.copy_tool(), tiny.tool_before
    tiny.edit(tool, "worktree.py", "        self.set_synced(commit, folders)\n",
              "        os._exit(9)\n")
    assert tiny.run("tree")[0] == 9
    tiny.tool = whole
    tiny.succeed("tree")
    assert "up to date" in tiny.succeed("refresh")


@guards("basegit.py", "if os.path.isdir(git_dir):", "if shutil.rmtree(git_dir, True):")
def test_work_on_the_old_base_can_be_exported(tiny):
    """Another base takes its place; the work tree still borrows the old one's objects."""
    tiny.succeed("tree")
    tiny.edit(tiny.tree, "drivers/a.c", "line 20\n", "line twenty\n")
    commit(tiny, "drivers: Do more\n\nIt is too little.\n\nMore is better.")
    tiny.edit(tiny.base, "drivers/a.c", "line 60\n", "line sixty\n")
    tiny.put(tiny.directory, "base.stamp", "another\n")
    tiny.succeed("mails")
    tiny.refuse("tree", naming=["another base"])
    tiny.succeed("refresh")
    assert "+line twenty\n" in tiny.get(tiny.root, "series/20-x86/0030-do-more/hooks.diff")
    tiny.succeed("mails")
    os.rename(tiny.tree, tiny.tree + "-old")
    tiny.succeed("tree")
    assert "line sixty\n" in tiny.get(tiny.tree, "drivers/a.c")


def test_interrupted_creation_is_started_again(tiny):
    tiny.put(tiny.tree + ".partial", "half", "made\n")
    tiny.put(tiny.base + ".git.partial", "half", "made\n")
    tiny.succeed("tree")
    assert tiny.get(tiny.tree, "half") is None
    assert tiny.git("status", "--porcelain") == ""

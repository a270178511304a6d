# SPDX-License-Identifier: GPL-2.0-only
"""What `make series` refuses: one test for each rule of the house.

A test's `guards` is the piece of the builder that it guards and what a careless
hand might make of it; the mutation tests do just that and want the test to fail.
"""

import os




def guards(file, old, new):
    def mark(function):
        function.guards = (file, old, new)
        return function
    return mark


@guards("rules.py", "if path not in claimed:", "if False:")
def test_overlay_file_in_no_patch(tiny):
    tiny.put(tiny.root, "arch/x86/stray.c", "stray\n")
    tiny.refuse("mails", naming=["arch/x86/stray.c", "in no patch"])


@guards("rules.py", "if len(patches) > 1:", "if False:")
def test_overlay_file_in_two_patches(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/files", "arch/x86/new.c\n")
    tiny.refuse("mails", naming=["arch/x86/new.c", "0010-first", "0020-second"])


@guards("rules.py", "if not os.path.lexists(os.path.join(series.root, path)):",
        "if False:")
def test_claimed_file_is_missing(tiny):
    tiny.edit(tiny.root, "series/20-x86/0020-second/files", "new.c", "new.c\narch/x86/no.c")
    tiny.refuse("mails", naming=["series/20-x86/0020-second/files", "arch/x86/no.c"])


@guards("rules.py", "if path != MAINTAINERS and path in base:", "if False:")
def test_overlay_file_shadows_base(tiny):
    tiny.put(tiny.root, "drivers/a.c", "mine\n")
    tiny.put(tiny.root, "series/10-drivers/0010-first/files", "drivers/a.c\n")
    tiny.put(tiny.root, "series/10-drivers/0010-first/hooks.diff", "")
    tiny.put(tiny.root, "series/20-x86/0020-second/hooks.diff", "")
    tiny.refuse("mails", naming=["drivers/a.c", "shadows"])


@guards("rules.py", "for new, target in CREATED.findall(patch.hooks):",
        "for new, target in ():")
def test_hunk_creates_a_file(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/hooks.diff",
             "diff --git a/arch/made b/arch/made\nnew file mode 100644\n"
             "--- /dev/null\n+++ b/arch/made\n@@ -0,0 +1 @@\n+made\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/hooks.diff", "arch/made"])


@guards("rules.py", "^(?:rename|copy) to", "^(?:rename) to")
def test_hunk_copies_a_file(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/hooks.diff",
             "diff --git a/drivers/a.c b/drivers/copy.c\nsimilarity index 100%\n"
             "copy from drivers/a.c\ncopy to drivers/copy.c\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/hooks.diff", "drivers/copy.c"])


@guards("rules.py", "if not LITTER.search(name) and (", "if False and (")
def test_file_with_a_misspelt_name(tiny):
    tiny.put(tiny.root, "series/20-x86/0020-second/hooks.diff~", "an editor's\n")
    tiny.succeed("mails")
    tiny.put(tiny.root, "series/20-x86/0020-second/hook.diff", "diff\n")
    tiny.refuse("mails", naming=["series/20-x86/0020-second/hook.diff"])


@guards("assemble.py", '"--verbose",', '"--verbose", "-C1",')
def test_hunk_needs_fuzz(tiny):
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", " line 7\n", " line seven\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/hooks.diff", "does not apply"])


@guards("mails.py", "if not moved:", "if True:")
def test_hunk_needs_an_offset(tiny):
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "@@ -7,7 +7,7 @@",
              "@@ -9,7 +9,7 @@")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/hooks.diff", "drivers/a.c",
                                 "offset -2"])


@guards("mails.py", "if tested in (None, series.repository.tree_of(series.base)):",
        "if True:")
def test_offset_is_a_notice_on_another_base(tiny):
    tiny.put(tiny.root, "series/base", "tree=%s\n" % ("0" * 40))
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "@@ -7,7 +7,7 @@",
              "@@ -9,7 +9,7 @@")
    text = tiny.succeed("mails")
    assert "1 hunk(s) sit at another line" in text, text


@guards("rules.py", "if SIGNOFF.search(patch.message):", "if False:")
def test_stored_signoff(tiny):
    tiny.edit(tiny.root, "series/10-drivers/0010-first/message", "Change it.\n",
              "Change it.\n\nSigned-off-by: Me <me@example.com>\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "Signed-off-by"])


@guards("rules.py", "if SIGNOFF.search(topic.text(name).encode()):", "if False:")
def test_stored_signoff_in_the_cover_letter(tiny):
    tiny.edit(tiny.root, "series/10-drivers/cover.md", "It does little.\n",
              "It does little.\n\nSigned-off-by: Me <me@example.com>\n")
    tiny.refuse("mails", naming=["series/10-drivers/cover.md", "Signed-off-by"])


@guards("rules.py", "if not lines[0].strip():", "if False:")
def test_empty_message(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message", "\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "is empty"])


@guards("rules.py", 'if not b"".join(lines[1:]).strip():', "if False:")
def test_message_without_body(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message", "drivers: Change a line\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "no body"])


@guards("rules.py", "elif len(paragraphs(lines[1:])) < 2:", "elif False:")
def test_message_without_a_problem(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message",
             "drivers: Change a line\n\nChange it\nat once.\n\n"
             "Fixes: 0123456789ab (\"drivers: Add a line\")\nCc: all@example.com\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "problem"])


@guards("rules.py", "part[0][:1].isspace() or ", "")
def test_message_whose_solution_is_a_table(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message",
             "drivers: Change a line\n\nIt is wrong. Line by line:\n\n 10  ten\n 11  eleven\n")
    tiny.succeed("mails")


@guards("rules.py", "if len(lines) > 1 and lines[1].strip():", "if False:")
def test_no_empty_line_after_subject(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message",
             "drivers: Change a line\nChange it.\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "after the subject"])


@guards("rules.py", "if len(patch.subject) > SUBJECT_LIMIT:",
        "if len(patch.subject) > SUBJECT_LIMIT + 1:")
def test_subject_too_long(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message", "x" * 76 + "\n\nProblem.\n\nSolution.\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-first/message", "76 characters"])


@guards("rules.py", "SUBJECT_LIMIT = 75", "SUBJECT_LIMIT = 74")
def test_subject_just_short_enough(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-first/message", "x" * 75 + "\n\nProblem.\n\nSolution.\n")
    tiny.succeed("mails")


@guards("rules.py", "if not patch.files and not patch.hooks.strip():", "if False:")
def test_patch_that_changes_nothing(tiny):
    tiny.put(tiny.root, "series/20-x86/0030-third/message", "x86: Nothing\n\nProblem.\n\nSolution.\n")
    tiny.refuse("mails", naming=["series/20-x86/0030-third", "changes nothing"])


@guards("patches.py", """if match.group(1) in numbers:
                raise""", """if False:
                raise""")
def test_number_used_twice(tiny):
    tiny.put(tiny.root, "series/10-drivers/0010-other/message", "x86: Other\n\nProblem.\n\nSolution.\n")
    tiny.refuse("mails", naming=["series/10-drivers/0010-other", "series/10-drivers/0010-first"])


@guards("patches.py", """            if not match:
                raise Failure("series/%s: a patch""", """            if False:
                raise Failure("series/%s: a patch""")
def test_folder_with_a_bad_name(tiny):
    os.makedirs(os.path.join(tiny.root, "series/20-x86/Third_patch"))
    tiny.refuse("mails", naming=["series/20-x86/Third_patch", "NNNN-slug"])


@guards("patches.py", """        if not match:
            raise Failure("series/%s: a topic""", """        if False:
            raise Failure("series/%s: a topic""")
def test_topic_with_a_bad_name(tiny):
    os.makedirs(os.path.join(tiny.root, "series/Third_topic"))
    tiny.refuse("mails", naming=["series/Third_topic", "NN-topic"])


@guards("patches.py", """        if match.group(1) in numbers:
            raise""", """        if False:
            raise""")
def test_topic_number_used_twice(tiny):
    os.makedirs(os.path.join(tiny.root, "series/20-other"))
    tiny.refuse("mails", naming=["series/20-other", "series/20-x86"])


@guards("rules.py", "if not topic.patches:", "if False:")
def test_topic_without_a_patch(tiny):
    tiny.put(tiny.root, "series/30-more/cover.md", "# More\n\nMore.\n")
    tiny.edit(tiny.root, "series/cover.md", "20-x86", "20-x86 and 30-more")
    tiny.refuse("mails", naming=["series/30-more", "no patch"])


@guards("rules.py", "if topic.name not in overview:", "if False:")
def test_topic_that_is_not_on_the_map(tiny):
    tiny.edit(tiny.root, "series/cover.md", "20-x86", "something")
    tiny.refuse("mails", naming=["series/cover.md", "20-x86"])


@guards("rules.py", "known is PATCH_FILES or not", "known is PATCH_FILES and not")
def test_topic_file_with_a_misspelt_name(tiny):
    tiny.put(tiny.root, "series/20-x86/change.md", "## v2\n")
    tiny.refuse("mails", naming=["series/20-x86/change.md", "changes.md"])


@guards("mails.py", "if not match or not text[match.end():].strip():", "if False:")
def test_no_cover_letter(tiny):
    tiny.put(tiny.root, "series/20-x86/cover.md", "no heading\n")
    tiny.refuse("mails", naming=["series/20-x86/cover.md"])


@guards("maintainers.py", "if lines[i].rstrip(b\"\\n\") == title:", "if False:")
def test_maintainers_entry_that_exists(tiny):
    tiny.edit(tiny.root, "MAINTAINERS", "MODULE UPDATE", "ZERO CODE")
    tiny.refuse("mails", naming=["MAINTAINERS", "ZERO CODE"])


@guards("mails.py", "if not match:\n        raise Failure(\"SIGNOFF", 
        "if False:\n        raise Failure(\"SIGNOFF")
def test_malformed_signoff(tiny):
    tiny.refuse("mails", "--signoff", "Nobody", naming=["SIGNOFF=", "Nobody"])


@guards("mails.py", "if got != wanted:", "if False:")
def test_mails_that_give_another_tree(tiny):
    """git am strips a carriage return unless told otherwise; play that here."""
    tool = tiny.copy_tool()
    tiny.edit(tool, "mails.py", '"am", "--quiet", "--keep-cr",',
              '"am", "--quiet", "--exclude=drivers/a.c",')
    tiny.refuse("mails", naming=["another tree", "drivers/a.c"])


@guards("mails.py", "if differ or missing:", "if False:")
def test_runs_that_give_other_bytes(tiny):
    tool = tiny.copy_tool()
    tiny.edit(tool, "mails.py", "file.write(self.cover(range_diff).encode())",
              "file.write(os.urandom(8))")
    tiny.refuse("mails", naming=["same bytes", "0000-cover-letter.patch"])


@guards("mails.py", "        for path in (partial, second):\n            shutil.rmtree(path, ignore_errors=True)\n    return",
        "        pass\n    return")
def test_refusal_leaves_the_last_mails_alone(tiny):
    tiny.succeed("mails")
    before = tiny.mails()
    tiny.put(tiny.root, "arch/x86/new.c", "")
    tiny.put(tiny.root, "series/20-x86/0020-second/message", "")
    tiny.refuse("mails", naming=["series/20-x86/0020-second/message"])
    assert tiny.mails() == before
    tiny.put(tiny.root, "series/20-x86/0020-second/message", "x86: Add\n\nProblem.\n\nSolution.\n")
    tiny.edit(tiny.root, "series/20-x86/cover.md", "# x", "x")
    tiny.refuse("mails", naming=["series/20-x86/cover.md"])
    assert tiny.mails() == before
    left = [name for name in os.listdir(tiny.directory) if name.startswith("out.")]
    assert left == ["out.lock"], left



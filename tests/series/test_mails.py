# SPDX-License-Identifier: GPL-2.0-only
"""What `make series` writes."""

import email
import email.policy
import fcntl
import os
import subprocess

from test_refusals import guards
from tiny import add_third, patch


def test_names_and_numbers(tiny):
    add_third(tiny)
    tiny.succeed("mails")
    assert tiny.mails() == ["10-drivers/0000-cover-letter.patch",
                            "10-drivers/0001-drivers-Change-a-line.patch",
                            "20-x86/0000-cover-letter.patch",
                            "20-x86/0001-x86-Add-a-file.patch",
                            "20-x86/0002-x86-Change-it.patch"], tiny.mails()
    for name in tiny.mails():
        number = "[PATCH %s/%d] " % (name.split("/")[1][3], name.startswith("20") + 1)
        assert "Subject: " + number in tiny.get(tiny.out, name), name


def test_git_am_gives_the_tree_of_make_tree(tiny):
    tiny.succeed("mails")
    tiny.succeed("tree")
    tree = tiny.git("rev-parse", "HEAD^{tree}")
    am = os.path.join(tiny.directory, "am")
    tiny.git("clone", "--quiet", "--branch", "base", tiny.tree, am,
             where=tiny.directory)
    tiny.git("am", "--quiet", *[os.path.join(tiny.out, name)
                                for name in tiny.mails() if "cover" not in name],
             where=am)
    assert tiny.git("rev-parse", "HEAD^{tree}", where=am) == tree


def test_same_bytes_whatever_the_user_configured(tiny):
    tiny.succeed("mails")
    before = {name: tiny.get(tiny.out, name) for name in tiny.mails()}
    config = os.path.join(tiny.directory, "gitconfig")
    tiny.put(tiny.directory, "gitconfig",
             "[user]\n\tname = X\n\temail = x@x\n[diff]\n\tnoprefix = true\n"
             "\tmnemonicPrefix = true\n\tcontext = 9\n[format]\n\tsignoff = true\n"
             "\tsuffix = .mail\n\tsubjectPrefix = RFC\n\tthread = true\n"
             "[core]\n\tautocrlf = true\n\tabbrev = 40\n")
    environment = {"GIT_CONFIG_GLOBAL": config, "TZ": "Asia/Tokyo",
                   "GIT_AUTHOR_NAME": "Y", "LC_ALL": "C.UTF-8"}
    saved = {key: os.environ.get(key) for key in environment}
    os.environ.update(environment)
    try:
        tiny.succeed("mails")
    finally:
        for key, value in saved.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
    assert {name: tiny.get(tiny.out, name) for name in tiny.mails()} == before


def test_no_signoff_unless_asked_for(tiny):
    tiny.succeed("mails")
    for name in tiny.mails():
        assert "Signed-off-by" not in tiny.get(tiny.out, name), name


@guards("mails.py", 'options.append("--signoff")', "pass")
def test_signoff_and_author_are_the_submitters(tiny):
    tiny.succeed("mails", "--signoff", "Jane Doe <jane@example.com>")
    for name in tiny.mails():
        text = tiny.get(tiny.out, name)
        assert "\nFrom: Jane Doe <jane@example.com>\n" in text, text
        assert "cover" in name or \
            text.count("\nSigned-off-by: Jane Doe <jane@example.com>\n") == 1, text


@guards("mails.py", '"From: " + email.utils.formataddr((name, mail))',
        '"From: %s <%s>" % (name, mail)')
def test_names_that_a_header_cannot_hold_as_they_are(tiny):
    tiny.succeed("mails", "--signoff", "J\u00f6rg Q. O'Brien <j@example.com>")
    for name in tiny.mails():
        mail = email.message_from_string(tiny.get(tiny.out, name),
                                         policy=email.policy.default)
        assert tiny.get(tiny.out, name).split("\n\n")[0].isascii(), name
        assert mail["From"].addresses[0].display_name == "J\u00f6rg Q. O'Brien", mail["From"]


@guards("mails.py", "        fcntl.flock(lock, fcntl.LOCK_EX)", "        pass")
def test_two_at_once_wait_for_each_other(tiny):
    tiny.succeed("tree")		# imports the base
    os.makedirs(tiny.out)
    with open(tiny.out + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with tiny.start("mails") as second:
            try:
                second.wait(timeout=2)
                raise AssertionError("the second one did not wait")
            except subprocess.TimeoutExpired:
                pass
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait() == 0
    assert len(tiny.mails()) == 4, tiny.mails()


def test_executable_and_odd_files_survive(tiny):
    tiny.put(tiny.root, "arch/x86/run.sh", "#!/bin/sh\r\n\ttrue \n\n\n")
    os.chmod(os.path.join(tiny.root, "arch/x86/run.sh"), 0o755)
    tiny.put(tiny.root, "arch/x86/no-newline", "no newline at the end")
    tiny.edit(tiny.root, "series/20-x86/0020-second/files", "MAINTAINERS\n",
              "MAINTAINERS\narch/x86/run.sh\narch/x86/no-newline\n")
    tiny.succeed("mails")		# the proof in it compares the trees
    assert "new file mode 100755" in tiny.get(tiny.out, tiny.mails()[3])


def test_cover_letter_lists_patches_and_files(tiny):
    add_third(tiny)
    tiny.succeed("mails")
    text = tiny.get(tiny.out, "20-x86/0000-cover-letter.patch")
    for words in ("] x86: A file\n", "It adds one.", "(2):\n  x86: Add a file\n"
                  "  x86: Change it\n", "arch/x86/new.c", "3 files changed"):
        assert words in text, text
    assert "drivers: Change" not in text, text


@guards("story.py", "kind_of(line.rpartition(\" b/\")[2])", "\"kernel\"")
def test_what_it_prints_tells_the_story(tiny):
    add_third(tiny)
    tiny.put(tiny.root, "Documentation/new.rst", "text\ntext\n")
    tiny.put(tiny.root, "series/20-x86/0030-third/files", "Documentation/new.rst\n")
    text = tiny.succeed("mails")
    lines = text.replace(os.path.relpath(tiny.out) + "/", "").splitlines()
    start = lines.index("10-drivers: drivers: A tiny fix")
    assert lines[start:start + 11] == [
        "10-drivers: drivers: A tiny fix", "1 patches, lines: kernel +1 -1 (code +1 -1)",
        "    It does little.", "    But well.", "   1  drivers: Change a line", "",
        "20-x86: x86: A file", "2 patches, lines: kernel +3 -1 (code +3 -1), documentation +6 -0",
        "    It adds one.", "   1  x86: Add a file", "   2  x86: Change it"], text


@guards("story.py", "not NO_CODE.match(line[1:])", "True")
def test_comments_and_empty_lines_are_no_code(tiny):
    patch(tiny, "20-x86/0030-third", {"arch/x86/code.c": """\
/* one line */
// another

/*
 * Three more,
 *
 */
#define CODE 1
	*code = CODE; /* of course */
	/* so */ code++;
"""})
    text = tiny.succeed("mails")
    assert "2 patches, lines: kernel +13 -1 (code +6 -1), documentation" in text, text

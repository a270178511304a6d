# SPDX-License-Identifier: GPL-2.0-only
"""make series VERSION=2: what changed since the version that a tag names."""

import os

from test_refusals import guards
from tiny import hook, patch, topic

CHANGES = {"10-drivers": "## v2\n- Two lines instead of one.\n\n## v3\n- Not yet.\n",
           "20-x86": "## v2\n- None.\n"}


def send_first(tiny, tag="series-v1"):
    """The series is in git, tagged, and has a changelog for the next version."""
    tiny.git("init", "--quiet", where=tiny.root)
    tiny.git("add", "-A", where=tiny.root)
    tiny.git("commit", "--quiet", "-m", "v1", where=tiny.root)
    tiny.git("tag", tag, where=tiny.root)
    for name, text in CHANGES.items():
        tiny.put(tiny.root, "series/%s/changes.md" % name, text)
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", "+line ten\n", "+line 10!\n")


def cover(tiny, name):
    return tiny.get(tiny.out, name + "/0000-cover-letter.patch")


@guards("mails.py", 'self.prefix = "PATCH v%d" % version if version > 1 else "PATCH"',
        'self.prefix = "PATCH"')
def test_second_version(tiny):
    send_first(tiny)
    tiny.succeed("mails", "--version", "2")
    text = cover(tiny, "10-drivers")
    assert "Subject: [PATCH v2 0/1] drivers: A tiny fix\n" in text, text
    after = text.split("\n---\n")[1]
    for words in ("Changes in v2:\n\n- Two lines", "Range-diff against v1:\n1:  ",
                  "    -+line ten\n    ++line 10!\n"):
        assert words in after, after
    assert "Not yet" not in text, text
    assert "1:  " in cover(tiny, "20-x86") and "= 1:" in cover(tiny, "20-x86")
    assert "Subject: [PATCH v2 1/1] " in tiny.get(
        tiny.out, "10-drivers/0001-drivers-Change-a-line.patch")


@guards("versions.py", "if number <= version)", "if number == version)")
def test_third_version_tells_of_the_second(tiny):
    send_first(tiny, "series-v2")
    tiny.put(tiny.root, "series/20-x86/changes.md", "## v3\n- Some.\n\n## v2\n- None.\n")
    tiny.succeed("mails", "--version", "3")
    assert "Changes in v3:\n\n- Some.\n\nChanges in v2:\n\n- None.\n" in cover(tiny, "20-x86")


@guards("versions.py", "if not house.resolve(", "if False and house.resolve(")
def test_version_without_its_tag(tiny):
    send_first(tiny, "v1")
    tiny.refuse("mails", "--version", "2", naming=["VERSION=2", "no tag series-v1"])


@guards("versions.py", "if not found.get(version):", "if False:")
def test_version_without_a_changelog(tiny):
    send_first(tiny)
    tiny.put(tiny.root, "series/20-x86/changes.md", "# Changes\n\n## v3\nx\n")
    tiny.refuse("mails", "--version", "2", naming=["series/20-x86/changes.md", "## v2"])


@guards("versions.py", "return topic.name.partition(\"-\")[2]", "return topic.name")
def test_topic_with_another_number(tiny):
    send_first(tiny)
    os.rename(os.path.join(tiny.root, "series/10-drivers"),
              os.path.join(tiny.root, "series/15-drivers"))
    tiny.edit(tiny.root, "series/cover.md", "10-drivers", "15-drivers")
    tiny.succeed("mails", "--version", "2")
    assert "++line 10!\n" in cover(tiny, "15-drivers")


@guards("versions.py", "(slug(topic), topic.was)", "(slug(topic),)")
def test_topic_that_was_a_part_of_another(tiny):
    send_first(tiny)
    os.rename(os.path.join(tiny.root, "series/10-drivers"),
              os.path.join(tiny.root, "series/15-gadgets"))
    tiny.edit(tiny.root, "series/cover.md", "10-drivers", "15-gadgets")
    tiny.put(tiny.root, "series/15-gadgets/topic", "was=drivers\n")
    tiny.succeed("mails", "--version", "2")
    assert "++line 10!\n" in cover(tiny, "15-gadgets")


@guards("versions.py", "if not was:", "if False:")
def test_topic_that_is_new(tiny):
    send_first(tiny)
    topic(tiny, "30-more")
    tiny.put(tiny.root, "series/30-more/changes.md", "## v2\n- All of it.\n")
    patch(tiny, "30-more/0100-more", {}, hook("line 20", "line twenty", 20))
    tiny.succeed("mails", "--version", "2")
    assert "New in v2." in cover(tiny, "30-more")


@guards("versions.py", "base_of(series.repository, root))", "None)")
def test_version_that_was_made_for_another_base(tiny):
    tiny.succeed("mails")		# imports the base
    tree = tiny.git("rev-parse", "base^{tree}", where=tiny.base + ".git").strip()
    tiny.put(tiny.root, "series/base", "tree=%s\n" % tree)
    send_first(tiny)
    tiny.edit(tiny.base, "drivers/a.c", "line 12\n", "line twelve\n")
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", " line 12\n", " line twelve\n")
    tiny.put(tiny.directory, "base.stamp", "another\n")
    tiny.succeed("mails", "--version", "2")
    assert "++line 10!\n" in cover(tiny, "10-drivers")


@guards("versions.py", 'raise Failure("%s: %s" % (tag, failure)) from None', "raise")
def test_version_that_does_not_assemble(tiny):
    tiny.put(tiny.root, "arch/x86/new.c", "new line 1\nnew line 2\n")
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", " line 12\n", " line x\n")
    send_first(tiny)
    tiny.edit(tiny.root, "series/10-drivers/0010-first/hooks.diff", " line x\n", " line 12\n")
    tiny.refuse("mails", "--version", "2", naming=["series-v1", "does not apply"])

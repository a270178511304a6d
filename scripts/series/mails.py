# SPDX-License-Identifier: GPL-2.0-only
"""make series: the mails of each topic, and the proofs that they are the series.

Proof 1: `git am` of the written mails on the pristine base gives, after each
         topic, the same tree as the overlay and the hunks.
Proof 2: assembling and writing it all a second time gives the same bytes.
"""

import email.utils
import fcntl
import filecmp
import os
import re
import shutil
import tempfile

import order
import rules
import versions
from assemble import Series
from gitrepo import EPOCH, Failure, GitError, Repository, environment
from worktree import borrow_objects

COVER = "0000-cover-letter.patch"
IDENTITY = re.compile(r"^([^<>\n]*[^<>\s]) <([^<>\s@]+@[^<>\s@]+)>$")
HEADING = re.compile(r"\A\s*(?:<!--.*?-->\s*)?# ([^\n]+)\n", re.S)


def submitter(signoff):
    """(name, mail) of SIGNOFF="Name <mail>"."""
    match = IDENTITY.match(signoff.strip())
    if not match:
        raise Failure("SIGNOFF=%r is not of the form \"Name <mail>\"" % signoff)
    return match.groups()


def check(series, say):
    """Raise a Failure with every rule that is broken."""
    broken = rules.problems(series)
    if broken:
        raise Failure("the rules of the house:\n" + "\n".join(broken))
    series.assemble()
    broken = list(order.problems(series))
    if broken:
        raise Failure("the order of the series:\n" + "\n".join(broken))
    moved = ["%s/hooks.diff: %s hunk %s has an %s" % (patch, path, hunk, offset)
             for patch, path, hunk, offset in series.offsets]
    if not moved:
        return
    tested = versions.tested_tree(series.root)
    if tested in (None, series.repository.tree_of(series.base)):
        raise Failure("hunks are not where they say (make tree, make refresh "
                      "brings them in line):\n" + "\n".join(moved))
    say("note: this is not the base that series/base names; %d hunk(s) sit at "
        "another line there, none needs fuzz" % len(moved))


class Mails:
    """Writes the mails of one topic into a directory."""

    def __init__(self, series, topic, start, end, version):
        self.series = series
        self.topic = topic
        self.start, self.end = start, end
        self.version = version
        self.repository = series.repository
        self.prefix = "PATCH v%d" % version if version > 1 else "PATCH"

    def write(self, directory, signoff):
        options = ["--quiet", "--numbered", "--zero-commit", "--full-index",
                   "--no-renames", "--no-signature", "--no-thread", "--no-base",
                   "--no-color", "--no-ext-diff", "--no-textconv", "-U3",
                   "--diff-algorithm=myers", "--stat=72",
                   "--encode-email-headers", "--subject-prefix=" + self.prefix]
        if signoff:
            options.append("--signoff")
        self.repository.run(
            "format-patch", *options, "-o", directory,
            "%s..%s" % (self.start, self.end),
            env=environment(EPOCH, self.series.author))

    def write_cover(self, directory, range_diff):
        with open(os.path.join(directory, COVER), "wb") as file:
            file.write(self.cover(range_diff).encode())

    def cover(self, range_diff):
        subject, text = heading_and_text(self.topic)
        count = len(self.topic.patches)
        name, mail = self.series.author
        lines = ["From %s Mon Sep 17 00:00:00 2001" % ("0" * 40),
                 "From: " + email.utils.formataddr((name, mail)),
                 "Date: Thu, 1 Jan 2026 00:00:00 +0000",
                 "Subject: [%s %s/%d] %s" % (self.prefix, "0" * len(str(count)),
                                             count, subject),
                 "MIME-Version: 1.0",
                 "Content-Type: text/plain; charset=UTF-8",
                 "Content-Transfer-Encoding: 8bit", "", text, ""]
        if self.version > 1:
            lines += ["---", versions.changelog(self.topic, self.version), "",
                      range_diff, ""]
        lines += ["%s (%d):" % (name, count)]
        lines += ["  " + patch.subject for patch in self.topic.patches]
        lines += ["", self.repository.out(
            "diff", "--stat=72", "--summary", "--no-renames", "--no-color",
            self.start, self.end).decode().rstrip("\n")]
        return "\n".join(lines) + "\n"


def heading_and_text(topic):
    """The subject and the text of a topic's cover letter."""
    text = topic.text("cover.md")
    match = HEADING.match(text)
    if not match or not text[match.end():].strip():
        raise Failure("%s/cover.md: needs a heading '# subject' and a text below it"
                      % topic)
    return match.group(1).strip(), text[match.end():].strip()


def prove_applies(series, directory):
    """`git am` of each topic on the ones before it has to give its tree."""
    with tempfile.TemporaryDirectory(prefix="series-am-") as work:
        repository = Repository(work)
        repository.run("init", "--quiet")
        borrow_objects(os.path.join(work, ".git"),
                       series.repository.git_path("."))
        # A file that is in the index but not in the work directory is as good
        # as an unchanged one: git am takes it from the index.
        repository.run("update-ref", "HEAD", series.base)
        repository.run("read-tree", series.base)
        for topic, _, end in series.ranges():
            try:
                repository.run("am", "--quiet", "--keep-cr",
                               *list_mails(os.path.join(directory, topic.name)))
            except GitError as error:
                raise Failure("%s: git am refuses its mails on the topics before it:\n%s"
                              % (topic, error.stderr.strip())) from None
            wanted, got = series.repository.tree_of(end), repository.tree_of("HEAD")
            if got != wanted:
                raise Failure("%s: git am gives another tree than overlay plus hunks: "
                              "%s differ" % (topic, ", ".join(
                                  path for _, path in repository.changes(wanted, got))))


def files_below(directory):
    return sorted(os.path.relpath(os.path.join(where, name), directory)
                  for where, _, names in os.walk(directory) for name in names)


def list_mails(directory):
    """The patches below it, without the cover letters, in order."""
    return [os.path.join(directory, name) for name in files_below(directory)
            if os.path.basename(name) != COVER]


def generate(root, store, directory, author, version, say):
    """One whole run: rules, commits, mails. An author signs them off."""
    series = Series(root, store, author)
    if not series.patches:
        raise Failure("series/ holds no patch")
    check(series, say)
    last = versions.last_sent(series, version)
    for topic, start, end in series.ranges():
        where = os.path.join(directory, topic.name)
        os.makedirs(where)
        mails = Mails(series, topic, start, end, version)
        mails.write(where, bool(author))
        mails.write_cover(where, versions.range_diff(series, topic, start, end, last))
    return series


def compare(first, second):
    names = sorted(set(files_below(first)) | set(files_below(second)))
    _, differ, missing = filecmp.cmpfiles(first, second, names, shallow=False)
    if differ or missing:
        raise Failure("two runs do not give the same bytes: %s"
                      % ", ".join(differ + missing))


def publish(root, store, out, signoff, version, say):
    """make series. One at a time: two would use the same directories."""
    author = submitter(signoff) if signoff else None
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    with open(out + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return publish_locked(root, store, out, author, version, say)


def publish_locked(root, store, out, author, version, say):
    partial, second = out + ".partial", out + ".second"
    for path in (partial, second):
        shutil.rmtree(path, ignore_errors=True)
    try:
        series = generate(root, store, partial, author, version, say)
        prove_applies(series, partial)
        again = generate(root, store, second, author, version, lambda text: None)
        if again.overlay_and_hooks() != series.overlay_and_hooks():
            raise Failure("series/ or the overlay changed meanwhile; run the "
                          "command again")
        compare(partial, second)
        shutil.rmtree(out, ignore_errors=True)
        os.rename(partial, out)
    finally:
        for path in (partial, second):
            shutil.rmtree(path, ignore_errors=True)
    return series

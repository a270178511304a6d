# SPDX-License-Identifier: GPL-2.0-only
"""make series: the mails, and the proofs that they are the series.

Proof 1: `git am` of the written mails on the pristine base gives the same tree
         as the overlay and the hunks.
Proof 2: assembling and writing it all a second time gives the same bytes.
"""

import email.utils
import fcntl
import filecmp
import os
import re
import shutil
import tempfile

import rules
from assemble import Series
from gitrepo import EPOCH, Failure, GitError, Repository, environment
from patches import read
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


def tested_tree(root):
    """The git tree of the base that series/base says the series is tested on."""
    text = read(os.path.join(root, "series", "base"), b"").decode()
    match = re.search(r"^tree=([0-9a-f]{40})$", text, re.M)
    return match.group(1) if match else None


def check(series, say):
    """Raise a Failure with every rule that is broken."""
    broken = rules.problems(series)
    if broken:
        raise Failure("the rules of the house:\n" + "\n".join(broken))
    series.assemble()
    moved = ["%s/hooks.diff: %s hunk %s has an %s" % (patch, path, hunk, offset)
             for patch, path, hunk, offset in series.offsets]
    if not moved:
        return
    tested = tested_tree(series.root)
    if tested in (None, series.repository.tree_of(series.base)):
        raise Failure("hunks are not where they say (make tree, make refresh "
                      "brings them in line):\n" + "\n".join(moved))
    say("note: this is not the base that series/base names; %d hunk(s) sit at "
        "another line there, none needs fuzz" % len(moved))


class Mails:
    """Writes the mails of an assembled series into a directory."""

    def __init__(self, series, signoff):
        self.series = series
        self.repository = series.repository
        self.name, self.mail = series.author
        self.signoff = signoff

    def write(self, directory):
        options = ["--quiet", "--numbered", "--zero-commit", "--full-index",
                   "--no-renames", "--no-signature", "--no-thread", "--no-base",
                   "--no-color", "--no-ext-diff", "--no-textconv", "-U3",
                   "--diff-algorithm=myers", "--stat=72",
                   "--encode-email-headers"]
        if self.signoff:
            options.append("--signoff")
        self.repository.run(
            "format-patch", *options, "-o", directory,
            "%s..%s" % (self.series.base, self.series.commits[-1]),
            env=environment(EPOCH, self.series.author))
        with open(os.path.join(directory, COVER), "wb") as file:
            file.write(self.cover().encode())

    def cover(self):
        text = read(os.path.join(self.series.root, "series", "cover.md"),
                    b"").decode()
        match = HEADING.match(text)
        if not match or not text[match.end():].strip():
            raise Failure("series/cover.md: needs a heading '# subject' and a "
                          "text below it")
        count = len(self.series.commits)
        lines = ["From %s Mon Sep 17 00:00:00 2001" % ("0" * 40),
                 "From: " + email.utils.formataddr((self.name, self.mail)),
                 "Date: Thu, 1 Jan 2026 00:00:00 +0000",
                 "Subject: [PATCH %s/%d] %s" % ("0" * len(str(count)), count,
                                                match.group(1).strip()),
                 "MIME-Version: 1.0",
                 "Content-Type: text/plain; charset=UTF-8",
                 "Content-Transfer-Encoding: 8bit", "",
                 text[match.end():].strip(), "",
                 "%s (%d):" % (self.name, count)]
        lines += ["  " + patch.subject for patch in self.series.patches]
        lines += ["", self.repository.out(
            "diff", "--stat=72", "--summary", "--no-renames", "--no-color",
            self.series.base, self.series.commits[-1]).decode().rstrip("\n")]
        return "\n".join(lines) + "\n"


def prove_applies(series, mails, wanted):
    """`git am` on the pristine base has to give the tree wanted."""
    with tempfile.TemporaryDirectory(prefix="series-am-") as work:
        repository = Repository(work)
        repository.run("init", "--quiet")
        borrow_objects(os.path.join(work, ".git"),
                       series.repository.git_path("."))
        # A file that is in the index but not in the work directory is as good
        # as an unchanged one: git am takes it from the index.
        repository.run("update-ref", "HEAD", series.base)
        repository.run("read-tree", series.base)
        try:
            repository.run("am", "--quiet", "--keep-cr", *mails)
        except GitError as error:
            raise Failure("git am refuses the mails on the pristine base:\n%s"
                          % error.stderr.strip()) from None
        got = repository.tree_of("HEAD")
        if got != wanted:
            raise Failure("git am gives another tree than overlay plus hunks: "
                          "%s differ" % ", ".join(
                              path for _, path in repository.changes(wanted, got)))


def list_mails(directory):
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory))
            if name != COVER]


def generate(root, store, directory, author, say):
    """One whole run: rules, commits, mails. An author signs them off."""
    series = Series(root, store, author)
    if not series.patches:
        raise Failure("series/ holds no patch")
    check(series, say)
    os.makedirs(directory)
    Mails(series, bool(author)).write(directory)
    return series


def compare(first, second):
    names = sorted(set(os.listdir(first)) | set(os.listdir(second)))
    _, differ, missing = filecmp.cmpfiles(first, second, names, shallow=False)
    if differ or missing:
        raise Failure("two runs do not give the same bytes: %s"
                      % ", ".join(differ + missing))


def publish(root, store, out, signoff, say):
    """make series. One at a time: two would use the same directories."""
    author = submitter(signoff) if signoff else None
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    with open(out + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return publish_locked(root, store, out, author, say)


def publish_locked(root, store, out, author, say):
    partial, second = out + ".partial", out + ".second"
    for path in (partial, second):
        shutil.rmtree(path, ignore_errors=True)
    try:
        series = generate(root, store, partial, author, say)
        wanted = store.tree_of(series.commits[-1])
        prove_applies(series, list_mails(partial), wanted)
        again = generate(root, store, second, author, lambda text: None)
        if again.overlay_and_hooks() != series.overlay_and_hooks():
            raise Failure("series/ or the overlay changed meanwhile; run the "
                          "command again")
        compare(partial, second)
        shutil.rmtree(out, ignore_errors=True)
        os.rename(partial, out)
    finally:
        for path in (partial, second):
            shutil.rmtree(path, ignore_errors=True)
    return series, wanted

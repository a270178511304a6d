# SPDX-License-Identifier: GPL-2.0-only
"""build/tree: the patched kernel as a git repository to work in.

Its first commit is the pristine base (tag `base`), then comes one commit a
patch. What the repository's series/ and overlay said when the two were last the
same is remembered as the *synced* commit: what HEAD adds to it is the
developer's and not yet in series/, and no command throws that away.
"""

import fcntl
import json
import os
import shutil

from assemble import Series
from gitrepo import Failure, GitError, Repository

SYNCED_REF = "refs/series/synced"
SYNCED_FILE = "series-synced"


class Worktree:
    def __init__(self, root, path, say):
        self.root = root
        self.path = path
        self.say = say
        self.repository = Repository(path)

    def lock(self):
        """One command at a time; released when the process ends."""
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        self.lock_file = open(self.path.rstrip("/") + ".lock", "w")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.say("waiting for another command that uses %s" % self.path)
            fcntl.flock(self.lock_file, fcntl.LOCK_EX)

    def exists(self):
        return os.path.isdir(os.path.join(self.path, ".git"))

    def require(self):
        if not self.exists():
            raise Failure("%s does not exist: run 'make tree' first" % self.path)

    def create(self, base, store, private=False):
        """A work tree of the base alone, whole or not there at all.

        Its objects are those of the base's import, store: nothing is copied but
        the files themselves. Where nobody edits, in a private tree, not even
        these: git replaces files and never writes into them, so they may be
        hard links to the base's.
        """
        partial = self.path.rstrip("/") + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        self.say("laying out %s" % self.path)
        shutil.copytree(base, partial, symlinks=True,
                        copy_function=os.link if private else shutil.copy2)
        repository = Repository(partial)
        repository.run("init", "--quiet", "--initial-branch=series")
        repository.run("config", "gc.auto", "0")
        # Another link to a file changes its ctime, but not the file.
        repository.run("config", "core.trustctime", "false")
        borrow_objects(os.path.join(partial, ".git"), store.path)
        commit = store.resolve("base^{commit}")
        repository.run("tag", "base", commit)
        repository.run("update-ref", "HEAD", commit)
        repository.run("read-tree", "HEAD")
        repository.run("update-index", "-q", "--refresh", ok=(0, 1))
        os.rename(partial, self.path)

    @property
    def head(self):
        return self.repository.resolve("HEAD^{commit}")

    @property
    def base(self):
        base = self.repository.resolve("base^{commit}")
        if not base:
            raise Failure("%s has no tag 'base'" % self.path)
        return base

    def synced(self):
        """(commit, folders) as they were when series/ and HEAD last agreed."""
        commit = self.repository.resolve(SYNCED_REF)
        if not commit:
            return self.base, []
        with open(self.repository.git_path(SYNCED_FILE)) as file:
            return commit, json.load(file)

    def set_synced(self, commit, folders):
        path = self.repository.git_path(SYNCED_FILE)
        with open(path + ".new", "w") as file:
            json.dump(folders, file)
        os.rename(path + ".new", path)
        self.repository.run("update-ref", SYNCED_REF, commit)

    def move_to(self, commit):
        """Check out commit: only files that differ are written."""
        if commit == self.head:
            return
        try:
            self.repository.run("reset", "--quiet", "--keep", commit)
        except GitError as error:
            raise Failure("%s: uncommitted changes are in the way; commit them "
                          "there or run 'make refresh PATCH=...'\n%s"
                          % (self.path, error.stderr.strip())) from None

    def unexported(self):
        """Is there work in it, committed or not, that series/ does not have?"""
        return self.head != self.synced()[0] or \
            self.repository.tree_of("HEAD") != self.repository.snapshot()

    def in_progress(self):
        """A rebase or the like that the developer has not finished."""
        for name in ("rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD",
                     "MERGE_HEAD"):
            if os.path.exists(self.repository.git_path(name)):
                return name
        return None


def borrow_objects(git_dir, store):
    """Let a repository see the objects of another one (git's alternates)."""
    objects = os.path.join(git_dir, "objects")
    with open(os.path.join(objects, "info", "alternates"), "w") as file:
        # git reads a relative path from the objects directory on, so that the
        # whole clone may be moved. build/tree.partial stands beside build/tree.
        file.write(os.path.relpath(os.path.join(store, "objects"), objects) + "\n")


def update(tree, store, force=False):
    """make tree: bring build/tree to what series/ and the overlay say."""
    if tree.repository.tree_of("base") != store.tree_of("base"):
        raise Failure("%s stands on another base than build/base: export what "
                      "you want to keep with 'make refresh', then remove it"
                      % tree.path)
    if tree.in_progress():
        raise Failure("%s: a rebase is in progress there; finish it first"
                      % tree.path)
    synced, _ = tree.synced()
    if tree.head != synced and not force:
        raise Failure("%s has commits that are not in series/: run "
                      "'make refresh' first (FORCE=1 drops them)" % tree.path)
    series = Series(tree.root, tree.repository)
    head = series.assemble()
    tree.move_to(head)
    tree.set_synced(head, [patch.folder for patch in series.patches])
    return series

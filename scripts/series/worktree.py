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
from basegit import import_base
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

    def create(self, base):
        """A work tree of the base alone, whole or not there at all."""
        partial = self.path.rstrip("/") + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        self.say("copying %s to %s" % (base, self.path))
        shutil.copytree(base, partial, symlinks=True)
        self.say("importing it into git")
        import_base(partial, os.path.join(partial, ".git"), bare=False)
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

    def in_progress(self):
        """A rebase or the like that the developer has not finished."""
        for name in ("rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD",
                     "MERGE_HEAD"):
            if os.path.exists(self.repository.git_path(name)):
                return name
        return None


def update(tree, force=False):
    """make tree: bring build/tree to what series/ and the overlay say."""
    if tree.in_progress():
        raise Failure("%s: a rebase is in progress there; finish it first"
                      % tree.path)
    synced, _ = tree.synced()
    if tree.head != synced and not force:
        changed = tree.repository.changes(synced, tree.head)
        if changed or tree.repository.commits(synced, tree.head):
            raise Failure("%s has commits that are not in series/: run "
                          "'make refresh' first (FORCE=1 drops them)" % tree.path)
    series = Series(tree.root, tree.repository)
    head = series.assemble()
    tree.move_to(head)
    tree.set_synced(head, [patch.folder for patch in series.patches])
    return series

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
from patches import overlay_content

SYNCED_REF = "refs/series/synced"
SYNCED_FILE = "series-synced"
MOVING_FILE = "series-moving"


class Worktree:
    def __init__(self, root, path, say):
        self.root = root
        self.path = path
        self.say = say
        self.repository = Repository(path)

    def lock(self):
        """One command at a time; released when the process ends.

        The first thing then is to finish what an interrupted one had begun.
        """
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        self.lock_file = open(self.path.rstrip("/") + ".lock", "w")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.say("waiting for another command that uses %s" % self.path)
            fcntl.flock(self.lock_file, fcntl.LOCK_EX)
        if self.exists():
            self.show_new_files()
            self.finish_move()

    def exists(self):
        return os.path.isdir(os.path.join(self.path, ".git"))

    def require(self):
        if not self.exists():
            raise Failure("%s does not exist: run 'make tree' first" % self.path)

    def provide(self, base, store, private=False):
        """Create it unless it is there; in a private one there is no work to lose."""
        if private and self.exists() and \
           self.repository.resolve("base^{tree}") != store.tree_of("base"):
            os.rename(self.path, self.path.rstrip("/") + ".partial")
        if not self.exists():
            self.create(base, store, private)

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
        self.show_new_files()

    def show_new_files(self):
        """Have git see files that the base does not hold.

        The .gitignore of Debian's package ends in "/*": a new file would stay out of
        every commit without a word. That rule is taken out of the work tree's copy,
        and git is told not to look for changes there.
        """
        path = os.path.join(self.path, ".gitignore")
        lines = (self.repository.blob("base:.gitignore") or b"").splitlines(True)
        if b"/*\n" not in lines or self.repository.text(
                "ls-files", "-v", "--", ".gitignore").startswith("S"):
            return
        with open(path + ".new", "wb") as file:
            file.write(b"".join(line for line in lines
                                if line not in (b"/*\n", b"!/debian/\n")))
        self.repository.run("update-index", "--skip-worktree", ".gitignore")
        os.rename(path + ".new", path)

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
        found = self.read_note(SYNCED_FILE)
        # Trees of an earlier version have the folders alone in it.
        if len(found) == 2 and isinstance(found[1], list):
            return found
        return commit, found

    def set_synced(self, commit, folders):
        # The ref keeps the commit; what counts is the note: one file, both facts.
        self.repository.run("update-ref", SYNCED_REF, commit)
        self.write_note(SYNCED_FILE, [commit, folders])

    def read_note(self, name):
        with open(self.repository.git_path(name)) as file:
            return json.load(file)

    def write_note(self, name, content):
        path = self.repository.git_path(name)
        with open(path + ".new", "w") as file:
            json.dump(content, file)
        os.rename(path + ".new", path)

    def move_to(self, commit, folders):
        """Check out commit, which these folders give, and take note that the tree
        and series/ agree. Only files that differ are written.
        """
        if commit != self.head:
            self.write_note(MOVING_FILE, [commit, folders])
            try:
                self.repository.run("reset", "--quiet", "--keep", commit)
            except GitError as error:
                os.unlink(self.repository.git_path(MOVING_FILE))
                raise Failure("%s: uncommitted changes are in the way; commit them "
                              "there or run 'make refresh PATCH=...'\n%s"
                              % (self.path, error.stderr.strip())) from None
        self.end_move(commit, folders)

    def end_move(self, commit, folders):
        self.set_synced(commit, folders)
        note = self.repository.git_path(MOVING_FILE)
        if os.path.exists(note):
            os.unlink(note)

    def finish_move(self):
        """Finish a move_to() that was killed.

        What it had written by then must not be taken for the developer's work. git
        checks everything before it writes the first file: nothing of the
        developer's was among them.
        """
        try:
            commit, folders = self.read_note(MOVING_FILE)
        except FileNotFoundError:
            return
        self.say("finishing the change of %s that was interrupted" % self.path)
        lock = self.repository.git_path("index.lock")
        if os.path.exists(lock):
            os.unlink(lock)
        paths = [path for _, path in self.repository.changes("HEAD", commit)]
        edited = [path for path in paths if not self.is_from(path, "HEAD", commit)]
        if edited:
            raise Failure("%s was edited after a command that was interrupted: move "
                          "your version out of %s and run it again, then bring it "
                          "back" % (", ".join(edited), self.path))
        if paths:
            self.repository.run("restore", "--source=" + commit, "--staged",
                                "--worktree", "--pathspec-from-file=-",
                                "--pathspec-file-nul",
                                stdin="\0".join(paths).encode())
        self.repository.run("update-ref", "HEAD", commit)
        self.end_move(commit, folders)

    def is_from(self, path, old, new):
        """Has the work tree of a path what old or new has, or a beginning of it?"""
        where = os.path.join(self.path, path)
        if not os.path.lexists(where):
            return True
        content = overlay_content(where)
        return content == self.repository.blob("%s:%s" % (old, path)) or \
            (self.repository.blob("%s:%s" % (new, path)) or b"").startswith(content)

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
    if tree.repository.tree_of(tree.base) != store.tree_of("base"):
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
    tree.move_to(head, series.folders)
    return series

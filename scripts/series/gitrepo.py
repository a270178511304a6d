# SPDX-License-Identifier: GPL-2.0-only
"""git, as a function call.

Only plumbing is used, with the caller's own configuration switched off: what
the builder writes must not depend on who runs it, when, or with which settings.
"""

import os
import shutil
import subprocess
import tempfile

# Commits made here are a means to an end: one fixed identity and one fixed clock
# give one fixed hash for one content.
AUTHOR = ("TDX module update series", "series@localhost")
EPOCH = 1767225600		# 2026-01-01 00:00:00 UTC


class Failure(Exception):
    """Something the user has to know, told in one line or a few."""


class GitError(Failure):
    def __init__(self, args, stderr):
        self.stderr = stderr
        super().__init__("git %s: %s" % (args[0], stderr.strip() or "failed"))


def environment(date=EPOCH, author=AUTHOR):
    name, mail = author
    env = {key: value for key, value in os.environ.items()
           if not key.startswith("GIT_")}
    stamp = "%d +0000" % date
    env.update(LC_ALL="C", TZ="UTC", GIT_CONFIG_GLOBAL=os.devnull,
               GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0",
               GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=mail,
               GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_NAME=name,
               GIT_COMMITTER_EMAIL=mail, GIT_COMMITTER_DATE=stamp)
    return env


class Repository:
    def __init__(self, path):
        self.path = os.path.abspath(path)

    def run(self, *args, stdin=None, env=None, ok=(0,)):
        """Run git and return the finished process; its streams are bytes."""
        done = subprocess.run(["git", "-C", self.path, *args], input=stdin,
                              env=env or environment(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if ok is not None and done.returncode not in ok:
            raise GitError(args, done.stderr.decode(errors="replace"))
        return done

    def out(self, *args, **keywords):
        return self.run(*args, **keywords).stdout

    def text(self, *args, **keywords):
        return self.out(*args, **keywords).decode().strip()

    def resolve(self, name):
        """The object that name stands for, or None."""
        done = self.run("rev-parse", "--verify", "--quiet", name, ok=(0, 1, 128))
        return done.stdout.decode().strip() or None

    def tree_of(self, commit):
        return self.text("rev-parse", "--verify", commit + "^{tree}")

    def git_path(self, name):
        path = self.text("rev-parse", "--git-path", name)
        return os.path.join(self.path, path)

    def blob(self, name):
        """A blob's bytes, or None when there is no such object."""
        done = self.run("cat-file", "blob", name, ok=(0, 128))
        return done.stdout if done.returncode == 0 else None

    def write_blob(self, content):
        return self.text("hash-object", "-w", "--no-filters", "--stdin",
                         stdin=content)

    def commit_tree(self, tree, parents, message, date=EPOCH, author=AUTHOR):
        args = ["commit-tree", tree]
        for parent in parents:
            args += ["-p", parent]
        return self.text(*args, stdin=message, env=environment(date, author))

    def commits(self, base, head):
        """The commits after base up to head, oldest first."""
        listing = self.text("rev-list", "--reverse", "--topo-order",
                            "%s..%s" % (base, head))
        return listing.split()

    def message(self, commit):
        raw = self.out("cat-file", "commit", commit)
        return raw.split(b"\n\n", 1)[1]

    def changes(self, old, new):
        """(status, path) for each path that differs between two trees."""
        raw = self.out("diff-tree", "-r", "-z", "--no-renames",
                       "--name-status", old, new).decode()
        fields = raw.split("\0")[:-1]
        return list(zip(fields[0::2], fields[1::2]))

    def mode(self, commit, path):
        line = self.text("ls-tree", commit, "--", path)
        return line.split()[0] if line else None

    def entries(self, commit, paths):
        """The (mode, blob, path) entries of those of these files that it has."""
        if not paths:
            return []
        raw = self.out("ls-tree", "-r", "-z", commit, "--", *sorted(paths)).decode()
        fields = [line.split("\t", 1) for line in raw.split("\0")[:-1]]
        return [(info.split()[0], info.split()[2], path) for info, path in fields]

    def snapshot(self):
        """The tree of what the work directory holds now, commit or not."""
        with self.index() as index:
            real = self.git_path("index")
            if os.path.exists(real):
                # With its time, by which git tells what was edited in the same second.
                shutil.copy2(real, index.file)
            index.run("add", "--all")
            return index.write()

    def index(self, tree=None):
        return Index(self, tree)


class Index:
    """A private index: builds trees without touching a work directory."""

    def __init__(self, repository, tree=None):
        self.repository = repository
        self.tree = tree

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="series-index-")
        self.file = os.path.join(self.directory.name, "index")
        if self.tree:
            self.run("read-tree", self.tree)
        return self

    def __exit__(self, *unused):
        self.directory.cleanup()

    def run(self, *args, **keywords):
        env = environment()
        env["GIT_INDEX_FILE"] = self.file
        return self.repository.run(*args, env=env, **keywords)

    def put(self, entries):
        """Add (mode, blob, path) entries."""
        if not entries:
            return
        lines = "".join("%s %s\t%s\n" % entry for entry in entries)
        self.run("update-index", "--add", "--index-info", stdin=lines.encode())

    def entries(self, paths=None):
        """Its (mode, blob, path) entries, or those of these paths."""
        raw = self.run("ls-files", "--stage", "-z").stdout
        fields = [line.split("\t", 1) for line in raw.decode().split("\0")[:-1]]
        return [(*info.split()[:2], path) for info, path in fields
                if paths is None or path in paths]

    def write(self):
        return self.run("write-tree").stdout.decode().strip()


class Chain:
    """Commits on top of each other, one a minute, written by one git fast-import."""

    def __init__(self, repository, base, author):
        self.repository = repository
        self.branch = "refs/series/chain-%d" % os.getpid()
        self.base = base
        self.who = b"%s <%s>" % tuple(word.encode() for word in author)
        self.count = 0

    def __enter__(self):
        self.process = subprocess.Popen(
            ["git", "-C", self.repository.path, "fast-import", "--quiet", "--force",
             "--done"], env=environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return self

    def __exit__(self, kind, *unused):
        # What it wrote becomes visible at its end.
        try:
            self.process.stdin.write(b"done\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdin = None
        told = self.process.communicate()[1]
        self.repository.run("update-ref", "-d", self.branch)
        if kind is None and self.process.returncode:
            raise GitError(["fast-import"], told.decode(errors="replace"))

    def commit(self, message, before, after):
        """The name of the commit that makes entries of an index what they are after."""
        self.count += 1
        when = b"%s %d +0000\n" % (self.who, EPOCH + 60 * self.count)
        lines = [b"commit %s\nmark :%d\nauthor " % (self.branch.encode(), self.count), when,
                 b"committer ", when, b"data %d\n" % len(message), message]
        if self.count == 1:
            lines.append(b"from %s\n" % self.base.encode())
        gone = {path for _, _, path in before} - {path for _, _, path in after}
        lines += [b"D %s\n" % quoted(path) for path in sorted(gone)]
        lines += [b"M %s %s %s\n" % (mode.encode(), blob.encode(), quoted(path))
                  for mode, blob, path in sorted(set(after) - set(before))]
        try:
            self.process.stdin.write(b"".join(lines) + b"get-mark :%d\n" % self.count)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        # Nothing if it has ended: __exit__() tells why.
        return self.process.stdout.readline().decode().strip()


def quoted(path):
    return b'"%s"' % path.replace("\\", "\\\\").replace('"', '\\"').encode()

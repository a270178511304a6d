# SPDX-License-Identifier: GPL-2.0-only
"""A git import of the pristine base: one commit, the tag `base`, one pack.

git fast-import writes the 96 thousand files as one pack in a fraction of the
time that `git add` needs for as many loose objects.

Work trees borrow the objects. So when another base takes the place of this one,
it is imported beside it and only the tag moves: what was done on the old one can
still be exported.
"""

import fcntl
import os
import shutil
import stat
import subprocess

from gitrepo import AUTHOR, EPOCH, Failure, Repository, environment


IMPORT_REF = "refs/heads/series"
# In the import: the content of build/base.stamp when it was made.
STAMP_FILE = "base-stamp"


def entries(top):
    """(mode, in-tree path) of every file below top but git's own, sorted."""
    for where, folders, names in os.walk(top):
        if where == top and ".git" in folders:
            folders.remove(".git")
        links = [f for f in folders if os.path.islink(os.path.join(where, f))]
        folders[:] = sorted(f for f in folders if f not in links)
        for name in sorted(names + links):
            path = os.path.join(where, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                yield "120000", path
            elif stat.S_ISREG(mode):
                yield "100755" if mode & 0o100 else "100644", path


def stream(top, pipe, message):
    who = "%s <%s> %d +0000" % (*AUTHOR, EPOCH)
    pipe.write(b"commit " + IMPORT_REF.encode() + b"\ncommitter %s\ndata %d\n%s\n"
               % (who.encode(), len(message), message))
    for mode, path in entries(top):
        if mode == "120000":
            content = os.readlink(path).encode()
        else:
            with open(path, "rb") as file:
                content = file.read()
        name = os.path.relpath(path, top)
        pipe.write(b"M %s inline %s\ndata %d\n" % (
            mode.encode(), name.encode(), len(content)))
        pipe.write(content)
        pipe.write(b"\n")
    pipe.write(b"done\n")


def version(top):
    """The kernel's own version, from the head of its Makefile."""
    found = {}
    with open(os.path.join(top, "Makefile")) as file:
        for line in list(file)[:10]:
            name, equals, value = line.partition("=")
            if equals:
                found[name.strip()] = value.strip()
    return "%s.%s.%s%s" % (found["VERSION"], found["PATCHLEVEL"],
                           found["SUBLEVEL"], found.get("EXTRAVERSION", ""))


def create_store(git_dir):
    env = environment()
    subprocess.run(["git", "init", "--quiet", "--bare", git_dir], env=env,
                   check=True)
    repository = Repository(git_dir)
    for key, value in (("core.compression", "1"), ("gc.auto", "0")):
        repository.run("config", key, value)


def load(top, git_dir):
    """Add the files below top to the repository git_dir: all, or none."""
    repository = Repository(git_dir)
    # A history of its own: fast-import would go on from a branch that exists.
    repository.run("update-ref", "-d", IMPORT_REF)
    loader = subprocess.Popen(["git", "-C", git_dir, "fast-import", "--quiet",
                               "--done", "--depth=0"], env=environment(),
                              stdin=subprocess.PIPE)
    try:
        stream(top, loader.stdin, b"Linux %s\n" % version(top).encode())
        loader.stdin.close()
    except BrokenPipeError:
        pass
    if loader.wait():
        raise Failure("git fast-import of %s failed" % top)
    repository.run("update-ref", "refs/bases/" + repository.resolve(IMPORT_REF),
                   IMPORT_REF)		# keeps it when the tag moves on
    repository.run("tag", "--force", "base", IMPORT_REF)
    repository.run("symbolic-ref", "HEAD", IMPORT_REF)


def read_stamp(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_stamp(git_dir, text):
    path = os.path.join(git_dir, STAMP_FILE)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def import_base(top, git_dir, stamp):
    """The bare repository git_dir with the files below top: whole, or none."""
    if os.path.isdir(git_dir):
        load(top, git_dir)
        return write_stamp(git_dir, stamp)
    partial = git_dir + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    create_store(partial)
    load(top, partial)
    write_stamp(partial, stamp)
    os.rename(partial, git_dir)


def base_store(base, say):
    """The import of base, beside it; made when it is not there yet."""
    git_dir = base.rstrip("/") + ".git"
    with open(git_dir + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = read_stamp(base.rstrip("/") + ".stamp") or ""
        if read_stamp(os.path.join(git_dir, STAMP_FILE)) != stamp:
            say("importing %s into git" % base)
            import_base(base, git_dir, stamp)
    return Repository(git_dir)

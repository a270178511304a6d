# SPDX-License-Identifier: GPL-2.0-only
"""A git import of the pristine base: one commit, the tag `base`, one pack.

git fast-import writes the 96 thousand files as one pack in a fraction of the
time that `git add` needs for as many loose objects.
"""

import fcntl
import os
import shutil
import stat
import subprocess

from gitrepo import AUTHOR, EPOCH, Failure, Repository, environment


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
    pipe.write(b"commit refs/heads/series\ncommitter %s\ndata %d\n%s\n"
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


def import_base(top, git_dir):
    """The bare repository git_dir with the files below top: whole, or none."""
    partial = git_dir + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    env = environment()
    subprocess.run(["git", "init", "--quiet", "--bare", partial], env=env,
                   check=True)
    repository = Repository(partial)
    for key, value in (("core.compression", "1"), ("gc.auto", "0")):
        repository.run("config", key, value)
    loader = subprocess.Popen(["git", "-C", partial, "fast-import", "--quiet",
                               "--done", "--depth=0"], env=env,
                              stdin=subprocess.PIPE)
    try:
        stream(top, loader.stdin, b"Linux %s\n" % version(top).encode())
        loader.stdin.close()
    except BrokenPipeError:
        pass
    if loader.wait():
        raise Failure("git fast-import of %s failed" % top)
    repository.run("tag", "base", "refs/heads/series")
    repository.run("symbolic-ref", "HEAD", "refs/heads/series")
    os.rename(partial, git_dir)
    return Repository(git_dir)


def base_store(base, say):
    """The import of base, beside it; made when it is not there yet."""
    git_dir = base.rstrip("/") + ".git"
    with open(git_dir + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(git_dir):
            say("importing %s into git" % base)
            import_base(base, git_dir)
    return Repository(git_dir)

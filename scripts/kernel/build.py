# SPDX-License-Identifier: GPL-2.0-only
"""Builds a kernel in build/kernel/NAME, out of tree, when its inputs changed.

NAME is stock (the pristine base), patched (build/tree) or debug (build/tree
with the checks of configs/debug.config and the KUnit tests), rt or kcsan (the same,
with that fragment of configs/ as well), builtin or without (build/tree with that
fragment). Any other NAME builds the tree that --tree names, with the checks if it
ends in -debug.
"""

import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "series"))

from gitrepo import Failure, Repository		# noqa: E402

BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
FRAGMENTS = ["base", "tdx"]
DEBUG_FRAGMENTS = FRAGMENTS + ["debug", "kunit"]
# For make check and series-bisect: all that the series compiles, without the slow checks.
CHECK_FRAGMENTS = FRAGMENTS + ["kunit"]
# Kernels with a fragment of their own, and those with the checks as well.
VARIANTS = ("builtin", "without")
DEBUG_VARIANTS = ("rt", "kcsan")
# Kernels whose source may lack the options that the series brings.
WITHOUT_SERIES = ("stock", "bisect", "bisect-without", "check-base")
# What make prints for each object that it compiles, and what kbuild leaves of it.
OBJECT = re.compile(rb"^  (CC|AS|HOSTCC)( \[M\])? ", re.M)
OBJECT_NOTE = ".o.cmd"
# How many there are in these configurations, until a build has told.
TYPICAL_OBJECTS = 1400
# What a build that was killed may have left half-written, beside programs.
PRODUCT = re.compile(r"(\.o|\.a|\.ko|\.mod|vmlinux.*|bzImage)$")
PR_SET_PDEATHSIG = 1
ERROR = re.compile(r"(\berror\b|\*\*\*|undefined reference)", re.I)


def end_with_parent():
    """make ends what it started when it is told to, and it is when we are gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def files_below(top):
    for where, _, names in os.walk(top):
        for name in names:
            yield os.path.join(where, name)


class Estimate:
    """How much of a compilation is done, and how long the rest takes at this pace.

    There is no telling what make will find to do in a tree that was complete once;
    then only what was done is told.
    """

    def __init__(self, present, total):
        self.left = total - present if present < 0.9 * total else None

    def text(self, made, seconds):
        if self.left is None or made >= self.left:
            return "%d objects" % made
        text = "%d of about %d objects" % (made, self.left)
        # The first ones are small: too early to tell.
        if made >= 50 and seconds >= 15:
            rest = seconds / made * (self.left - made)
            text += ", " + about(rest) + " left"
        return text


def about(seconds):
    return "about %d min" % round(seconds / 60) if seconds >= 90 else \
        "about a minute" if seconds >= 45 else "less than a minute"


class Progress:
    """One line that is written over on a terminal, one in 30 s elsewhere."""

    def __init__(self, name):
        self.name = name
        self.start = time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.printed = 0.0

    def elapsed(self):
        seconds = int(time.monotonic() - self.start)
        return "%d:%02d" % divmod(seconds, 60)

    def phase(self, text):
        self.printed = time.monotonic()
        self.write(text, end="\n")

    def tick(self, text):
        if self.terminal:
            self.write(text, end="")
        elif time.monotonic() - self.printed >= 30:
            self.phase(text)

    def write(self, text, end):
        line = "kernel %s: %s  [%s]" % (self.name, text, self.elapsed())
        if self.terminal:
            line = "\r\033[K" + line
        print(line, end=end, flush=True)


class Kernel:
    def __init__(self, name, tree):
        debug = name == "debug" or name.endswith("-debug")
        fragments = DEBUG_FRAGMENTS if debug else \
            DEBUG_FRAGMENTS + [name] if name in DEBUG_VARIANTS else \
            CHECK_FRAGMENTS if name.startswith(("check", "bisect")) else \
            FRAGMENTS + [name] if name in VARIANTS else FRAGMENTS
        self.name = name
        self.source = tree
        if name in ("stock", "check-base"):
            self.source = os.path.join(BUILD, "base")
        self.fragments = [os.path.join(ROOT, "configs", f + ".config")
                          for f in fragments]
        self.without = []		# options that are off, whatever the fragments say
        self.objects = os.path.join(BUILD, "kernel", name)
        self.log = self.objects + ".log"
        self.stamp = os.path.join(self.objects, ".complete")
        # There while make runs: one that is found was left by a build that was killed.
        self.running = os.path.join(self.objects, ".running")
        # How many objects the last complete build had, to show how far this one is.
        self.count_file = self.objects + ".count"
        self.progress = Progress(name)
        self.jobs = len(os.sched_getaffinity(0))

    # --- what a build depends on ---

    def inputs(self):
        digest = hashlib.sha256()
        if self.source == os.path.join(BUILD, "base"):
            with open(self.source + ".stamp", "rb") as file:
                digest.update(file.read())
        else:
            digest.update(Repository(self.source).snapshot().encode())
        for path in self.fragments:
            with open(path, "rb") as file:
                digest.update(file.read())
        digest.update(repr(self.make_arguments() + self.without).encode())
        for tool in ("gcc", "ld", "make"):
            digest.update(subprocess.run([tool, "--version"], check=True,
                                         stdout=subprocess.PIPE).stdout)
        return digest.hexdigest()

    def complete(self, inputs):
        try:
            with open(self.stamp) as file:
                return file.read().strip() == inputs
        except FileNotFoundError:
            return False

    # --- running make ---

    def make_arguments(self):
        """Every kernel sees its source at objects/tree, a link.

        Relative to where the compiler runs all kernels then have the same
        paths, and ccache gives one kernel's objects to the others.
        """
        arguments = ["O=" + self.objects,
                     "abs_srctree=" + os.path.join(self.objects, "tree"),
                     "LOCALVERSION=-" + self.name, "KBUILD_BUILD_USER=tdx",
                     "KBUILD_BUILD_HOST=tdx", "KBUILD_BUILD_VERSION=1",
                     "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 2026"]
        if shutil.which("ccache"):
            arguments.append("CC=ccache gcc")
        return arguments

    def environment(self):
        # The same for everybody: ccache keeps objects apart by the locale, and kbuild drops LC_ALL,
        # so the others would count.
        env = {key: value for key, value in os.environ.items()
               if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "CC") and
               not key.startswith(("LC_", "LANG"))}
        env.update(LC_ALL="C", LANG="C.UTF-8", CCACHE_BASEDIR=BUILD, CCACHE_NOHASHDIR="1",
                   CCACHE_COMPILERCHECK="content",
                   CCACHE_SLOPPINESS="time_macros")
        return env

    def make(self, log, what, *goals, count=False):
        command = ["make", "-C", self.source, "-j%d" % self.jobs,
                   *self.make_arguments(), *goals]
        log.write(("+ %s\n" % " ".join(command)).encode())
        log.flush()
        start = log.tell()
        made, begun = 0, time.monotonic()
        estimate = Estimate(self.objects_present(), self.expected()) if count else None
        open(self.running, "w").close()
        # All of make's children have the lock: it is free when the last has ended.
        process = subprocess.Popen(command, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL,
                                   pass_fds=(self.lock_file.fileno(),),
                                   env=self.environment(), start_new_session=True,
                                   preexec_fn=end_with_parent)
        try:
            with open(self.log, "rb") as watch:
                watch.seek(start)
                while True:
                    try:
                        status = process.wait(timeout=1)
                    except subprocess.TimeoutExpired:
                        status = None
                    made += len(OBJECT.findall(watch.read()))
                    if status is not None:
                        break
                    self.progress.tick("%s, %s" % (
                        what, estimate.text(made, time.monotonic() - begun))
                        if count else what)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        finally:
            # Ended by another signal, make has removed what it had not finished.
            if process.returncode not in (None, -signal.SIGKILL):
                os.unlink(self.running)
        if status:
            self.fail(what)
        return made

    def objects_present(self):
        return sum(path.endswith(OBJECT_NOTE) for path in files_below(self.objects))

    def expected(self):
        try:
            with open(self.count_file) as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return TYPICAL_OBJECTS

    def remove_half_written(self):
        """kbuild takes an object for whole that is newer than its source.

        Of a build that was killed, what it wrote in its last seconds is made anew.
        """
        if not os.path.exists(self.running):
            return
        found = {path: os.lstat(path) for path in files_below(self.objects)}
        last = max(status.st_mtime for status in found.values())
        for path, status in found.items():
            if status.st_mtime > last - 10 and stat.S_ISREG(status.st_mode) and (
                    status.st_mode & stat.S_IXUSR or PRODUCT.search(path)):
                os.unlink(path)
        os.unlink(self.running)

    def fail(self, what):
        with open(self.log, errors="replace") as file:
            lines = file.read().splitlines()
        shown = [line for line in lines[:-15] if ERROR.search(line)][-15:]
        print("\n" + "\n".join(shown + lines[-15:]), file=sys.stderr)
        raise Failure("%s failed; the whole log is %s"
                      % (what, os.path.relpath(self.log)))

    # --- the steps ---

    def configure(self, log):
        self.make(log, "configuring", "tinyconfig")
        config = os.path.join(self.objects, ".config")
        wanted = {}
        with open(config, "a") as out:
            for path in self.fragments:
                with open(path) as fragment:
                    text = fragment.read()
                out.write(text)
                for line in text.splitlines():
                    match = re.match(r"(?:# )?(CONFIG_\w+)(=.*| is not set)$", line)
                    if match:
                        wanted[match.group(1)] = line
            for option in self.without:
                wanted[option] = "# %s is not set" % option
                out.write(wanted[option] + "\n")
        self.make(log, "configuring", "olddefconfig")
        with open(config) as file:
            have = set(file.read().splitlines())
        missing = [line for name, line in wanted.items()
                   if line not in have and not self.may_miss(name, line)]
        if missing:
            raise Failure("these options did not stay as configs/ says:\n  "
                          + "\n  ".join(missing))

    def may_miss(self, name, line):
        """An option that is off may not exist; the base lacks the series' own."""
        if line.endswith("is not set"):
            with open(os.path.join(self.objects, ".config")) as file:
                return name + "=" not in file.read()
        if self.name not in WITHOUT_SERIES:
            return False
        added = "+config " + name[len("CONFIG_"):]
        for where, _, names in os.walk(os.path.join(ROOT, "series")):
            if "hooks.diff" in names:
                with open(os.path.join(where, "hooks.diff")) as file:
                    if added in file.read().splitlines():
                        return True
        return False

    def link_source(self):
        link = os.path.join(self.objects, "tree")
        target = os.path.relpath(self.source, self.objects)
        if not os.path.islink(link) or os.readlink(link) != target:
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(target, link)

    def lock(self):
        # What is built leads back to its source by relative links.
        own = os.path.join(os.path.realpath(BUILD), os.path.relpath(self.objects, BUILD))
        if os.path.realpath(self.objects) != own:
            raise Failure("%s is reached by a link: another tree's kernel would be spoilt. "
                          "Remove the link; a kernel that is built elsewhere is taken by "
                          "'./tdxhost --kernel DIRECTORY'"
                          % os.path.relpath(self.objects))
        os.makedirs(self.objects, exist_ok=True)
        self.lock_file = open(self.objects + ".lock", "w")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.progress.phase("waiting for another command that builds it")
            fcntl.flock(self.lock_file, fcntl.LOCK_EX)
        self.remove_half_written()

    def build(self):
        self.lock()
        inputs = self.inputs()
        if self.complete(inputs):
            return self.progress.phase("up to date")
        if os.path.exists(self.stamp):
            os.unlink(self.stamp)
        self.link_source()
        with open(self.log, "wb") as log:
            self.progress.phase("configuring")
            self.configure(log)
            self.progress.phase("compiling with %d jobs, log in %s" % (
                self.jobs, os.path.relpath(self.log)))
            made = self.make(log, "compiling", "bzImage", "modules", count=True)
            modules = os.path.join(self.objects, "modules")
            shutil.rmtree(modules, ignore_errors=True)
            self.make(log, "installing modules", "modules_install",
                      "INSTALL_MOD_PATH=" + modules, "DEPMOD=true")
        if self.inputs() != inputs:
            raise Failure("the source or configs/ changed during the build: "
                          "run the command again")
        with open(self.count_file, "w") as file:
            file.write("%d\n" % self.objects_present())
        with open(self.stamp + ".new", "w") as file:
            file.write(inputs + "\n")
        os.rename(self.stamp + ".new", self.stamp)
        self.progress.phase("done, %d objects; %s" % (made, os.path.relpath(
            os.path.join(self.objects, "arch/x86/boot/bzImage"))))

# SPDX-License-Identifier: GPL-2.0-only
"""Builds a kernel in build/kernel/NAME, out of tree, when its inputs changed.

NAME is stock (the pristine base), patched (build/tree) or debug (build/tree
with the checks of configs/debug.config and the KUnit tests), builtin or without
(build/tree with that fragment of configs/ as well). Any other NAME builds the
tree that --tree names, with the checks if it ends in -debug.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "series"))

from gitrepo import Failure, Repository		# noqa: E402

BUILD = os.path.join(ROOT, "build")
FRAGMENTS = ["base", "tdx"]
DEBUG_FRAGMENTS = FRAGMENTS + ["debug", "kunit"]
# For make check: all that the series compiles, without the slow checks.
CHECK_FRAGMENTS = FRAGMENTS + ["kunit"]
# Kernels with a fragment of their own.
VARIANTS = ("builtin", "without")
# Kernels whose source may lack the options that the series brings.
WITHOUT_SERIES = ("stock", "bisect", "check-base")
# What make prints for each object it makes.
OBJECT = re.compile(rb"^  (CC|AS|LD|AR|HOSTCC|HOSTLD|CC \[M\]|LD \[M\]) ", re.M)
ERROR = re.compile(r"(\berror\b|\*\*\*|undefined reference)", re.I)


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
            CHECK_FRAGMENTS if name.startswith("check") else \
            FRAGMENTS + [name] if name in VARIANTS else FRAGMENTS
        self.name = name
        self.source = tree
        if name in ("stock", "check-base"):
            self.source = os.path.join(BUILD, "base")
        self.fragments = [os.path.join(ROOT, "configs", f + ".config")
                          for f in fragments]
        self.objects = os.path.join(BUILD, "kernel", name)
        self.log = self.objects + ".log"
        self.stamp = os.path.join(self.objects, ".complete")
        # One file count of the last complete build, to show how far this one is.
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
        digest.update(repr(self.make_arguments()).encode())
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
        env = {key: value for key, value in os.environ.items()
               if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "CC")}
        env.update(LC_ALL="C", CCACHE_BASEDIR=BUILD, CCACHE_NOHASHDIR="1",
                   CCACHE_COMPILERCHECK="content",
                   CCACHE_SLOPPINESS="time_macros")
        return env

    def make(self, log, what, *goals, count=False):
        command = ["make", "-C", self.source, "-j%d" % self.jobs,
                   *self.make_arguments(), *goals]
        log.write(("+ %s\n" % " ".join(command)).encode())
        log.flush()
        start = log.tell()
        process = subprocess.Popen(command, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL,
                                   env=self.environment(), start_new_session=True)
        made, expected = 0, self.expected()
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
                    self.progress.tick("%s, %d%s objects" % (
                        what, made, " of about %d" % expected
                        if expected > made else "") if count else what)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        if status:
            self.fail(what)
        return made

    def expected(self):
        try:
            with open(self.count_file) as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return 0

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
        os.makedirs(self.objects, exist_ok=True)
        self.lock_file = open(self.objects + ".lock", "w")
        fcntl.flock(self.lock_file, fcntl.LOCK_EX)

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
            file.write("%d\n" % max(made, self.expected()))
        with open(self.stamp + ".new", "w") as file:
            file.write(inputs + "\n")
        os.rename(self.stamp + ".new", self.stamp)
        self.progress.phase("done, %d objects; %s" % (made, os.path.relpath(
            os.path.join(self.objects, "arch/x86/boot/bzImage"))))

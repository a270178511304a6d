# SPDX-License-Identifier: GPL-2.0-only
"""Builds what a run needs and does not find, by the targets of the house."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import initramfs, kernel, paths, qemu
from .errors import TdxHostError


def say(text):
    print(f"tdxhost: {text}", file=sys.stderr, flush=True)


def _words(seconds):
    return f"about {round(seconds / 60)} min" if seconds >= 90 else \
        "about a minute" if seconds >= 40 else "less than a minute"


@dataclass
class Step:
    """Something that a run needs and that a target of the house makes."""
    what: str
    seconds: float		# about how long it takes on two cores
    make: tuple			# its arguments
    leaves: tuple = ()		# directories that are made anew if it was killed
    shows_progress: bool = True	# else its output is kept, and told if it fails

    def run(self):
        """One at a time: another tdxhost may have been started at the same moment."""
        paths.BUILD.mkdir(parents=True, exist_ok=True)
        name = self.what.replace(" ", "-")
        running = paths.BUILD / f".{name}.running"
        # make has the lock as well, and what it starts: it is free when all has ended.
        with open(paths.BUILD / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if running.exists():
                for directory in self.leaves:
                    shutil.rmtree(directory, ignore_errors=True)
            running.touch()
            status, output = self._make(lock)
            running.unlink()
        if status and self.shows_progress:
            raise TdxHostError(f"the {self.what} cannot be made, see above")
        if status:
            paths.OUT.mkdir(parents=True, exist_ok=True)
            log = paths.OUT / f"build-{name}.log"
            log.write_bytes(output)
            tail = output.decode(errors="replace").splitlines()[-20:]
            raise TdxHostError(f"the {self.what} cannot be made; the log {log} ends:\n  " +
                               "\n  ".join(tail))

    def _make(self, lock):
        streams = {"stdout": sys.stderr} if self.shows_progress else \
            {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        result = subprocess.run(["make", *map(str, self.make)], cwd=paths.ROOT, check=False,
                                stdin=subprocess.DEVNULL, pass_fds=(lock.fileno(),), **streams)
        return result.returncode, result.stdout


EMULATOR = Step("emulator", 30, ("-s", "-C", "emulator", f"O={paths.EMULATOR}", "all"),
                (paths.EMULATOR,), False)
GUEST_PROGRAMS = Step("guest programs", 5, ("-s", "-C", paths.GUEST_TESTS, f"O={paths.GUEST_BUILD}"),
                      (paths.GUEST_BUILD, paths.BUILD / "uapi"), False)


def missing(kernels):
    """The steps that are still to be done, in their order."""
    cores = len(os.sched_getaffinity(0))
    kernels = [choice for choice in kernels if not kernel.find(choice)]
    guest_programs = not (paths.GUEST_BUILD / "tdload").exists()
    # The guest programs need its headers.
    if (kernels or guest_programs) and not (paths.BUILD / "base.stamp").exists():
        yield Step("kernel source", 90, ("base",))
    if set(kernels) - {"stock"} and not (paths.BUILD / "tree").exists():
        yield Step("patched source", 50, ("tree",))
    for choice in kernels:
        yield Step(f"{choice} kernel", 400 * 2 / cores, ("kernel", f"KERNEL={choice}"))
    if not os.environ.get("TDXHOST_MONITOR") and not _emulator_is_there():
        yield EMULATOR
    if guest_programs:
        yield GUEST_PROGRAMS


def _packages_are_there():
    try:
        qemu.find()
        initramfs.busybox()
    except TdxHostError:
        return False
    return _emulator_is_there() or bool(shutil.which("clang"))


def set_up():
    """Install the packages, on a machine where one is missing whose lack is seen at once."""
    if _packages_are_there():
        return
    say("setting this machine up: scripts/setup run emulator")
    if subprocess.run([paths.ROOT / "scripts/setup", "run", "emulator"], stdout=sys.stderr,
                      stdin=subprocess.DEVNULL, check=False).returncode:
        raise TdxHostError("scripts/setup failed, see above")


def provide(*kernels):
    """Make what these kernels need to run here: step by step, and what is left."""
    if paths.PREBUILT.exists():
        named = [choice for choice in kernels if not kernel.find(choice)]
        if named:
            raise TdxHostError(f"this archive has no {named[0]} kernel: name one of yours, as "
                               "--kernel /boot/vmlinuz-VERSION")
        qemu.find()
        return
    set_up()
    steps = list(missing(kernels))
    left = sum(step.seconds for step in steps)
    for number, step in enumerate(steps, 1):
        rest = f"; all that is left: {_words(left)}" if len(steps) > 1 else ""
        say(f"step {number} of {len(steps)}: the {step.what}, {_words(step.seconds)}{rest}")
        step.run()
        left -= step.seconds
    # What was there may be older than its source. Another user's is taken as it is.
    if os.access(paths.BUILD, os.W_OK):
        for step in (EMULATOR, GUEST_PROGRAMS):
            if step not in steps and not (step is EMULATOR and
                                          os.environ.get("TDXHOST_MONITOR")):
                step.run()


def find_kernel(choice, modules_directory=None):
    found = kernel.find(choice, modules_directory)
    if not found:
        raise TdxHostError(f"make kernel KERNEL={choice} left no kernel in "
                           f"{paths.KERNELS / choice}")
    return found


def kernel_image(choice, modules_directory):
    """The kernel that is there, or that would be when it is built."""
    return kernel.find(choice, modules_directory) or \
        kernel.Kernel(paths.KERNELS / choice / paths.KERNEL_IMAGE, [], choice)


def _emulator_is_there():
    # make goes through it in this order: what comes last is there when all is.
    return (paths.EMULATOR / "monitor/monitor.elf").exists() and \
        (paths.EMULATOR / "images/broken/EXPECTED").exists()


def monitor():
    """The multiboot program that is the emulated host; its images are beside it."""
    chosen = os.environ.get("TDXHOST_MONITOR")
    if chosen and not Path(chosen).is_file():
        raise TdxHostError(f"TDXHOST_MONITOR names {chosen}, which is not there")
    return Path(chosen or paths.EMULATOR / "monitor/monitor.elf")


def boot_module(version, option="--module "):
    """The image that the BIOS loads: a version, or the path of a file."""
    path = paths.EMULATOR / "images" / f"{version}.blob"
    if path.exists():
        return path
    if Path(version).is_file():
        return Path(version)
    if os.environ.get("TDXHOST_MONITOR"):
        return None	# a monitor that brings its own module
    if not _emulator_is_there() and "/" not in version:
        return path	# when it is made
    known = sorted(file.stem for file in (paths.EMULATOR / "images").glob("*.blob"))
    raise TdxHostError(f"{option}{version}: no such image; there are: {' '.join(known)}")

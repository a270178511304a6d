# SPDX-License-Identifier: GPL-2.0-only
"""Builds what a run needs and does not find, by the targets of the house."""

import os
import subprocess
import sys
from pathlib import Path

from . import kernel, paths
from .errors import TdxHostError
from .progress import Step


def say(text):
    print(f"tdxhost: {text}", file=sys.stderr, flush=True)


# Lines of output and seconds of a first build on two cores: for the estimate only.
EXPECTED = {"kernel": (2400, 600), "emulator": (120, 30)}


def _make(what, *arguments):
    """Run make, its output in a log that is shown when it fails."""
    log = paths.OUT / f"build-{what.replace(' ', '-')}.log"
    Step(what, log, *EXPECTED.get(what.split()[-1], ())).run(
        ["make", *arguments], paths.ROOT)


def guest_programs():
    """The programs that run inside the host; quick when nothing changed."""
    arguments = ["make", "-s", "-C", paths.GUEST_TESTS, f"O={paths.GUEST_BUILD}"]
    probe = subprocess.run(arguments + ["-q"], check=False, stdin=subprocess.DEVNULL,
                           capture_output=True)
    if probe.returncode:
        _make("guest programs", "-C", paths.GUEST_TESTS, f"O={paths.GUEST_BUILD}")


def find_kernel(choice, modules_directory):
    found = kernel.find(choice, modules_directory)
    if not found:
        _make(f"{choice} kernel", "kernel", f"KERNEL={choice}")
        found = kernel.find(choice, modules_directory)
    if not found:
        raise TdxHostError(f"make kernel KERNEL={choice} left no kernel in "
                           f"{paths.KERNELS / choice}")
    return found


def monitor():
    """The multiboot program that is the emulated host; its images are beside it."""
    chosen = os.environ.get("TDXHOST_MONITOR")
    if chosen:
        if not Path(chosen).is_file():
            raise TdxHostError(f"TDXHOST_MONITOR names {chosen}, which is not there")
        return Path(chosen)
    path = paths.EMULATOR / "monitor" / "monitor.elf"
    if not path.exists():
        _make("emulator", "-C", "emulator", f"O={paths.EMULATOR}", "all")
    if not path.exists():
        raise TdxHostError(f"make -C emulator left no {path}")
    return path


def boot_module(version):
    """The image that the BIOS loads: a version, or the path of a file."""
    path = paths.EMULATOR / "images" / f"{version}.blob"
    if path.exists():
        return path
    if Path(version).is_file():
        return Path(version)
    if os.environ.get("TDXHOST_MONITOR"):
        return None	# a monitor that brings its own module
    known = sorted(file.stem for file in path.parent.glob("*.blob"))
    raise TdxHostError(f"--module {version}: no such image; there are: {' '.join(known)}")

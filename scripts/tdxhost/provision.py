# SPDX-License-Identifier: GPL-2.0-only
"""Builds what a run needs and does not find, by the targets of the house."""

import os
import subprocess
import sys
from pathlib import Path

from . import kernel, paths
from .errors import TdxHostError


def say(text):
    print(f"tdxhost: {text}", file=sys.stderr, flush=True)


def _make(what, *arguments, shows_progress=False):
    """Run make. Its output is shown as it comes, or kept in a log and told if it fails."""
    command = ["make", *map(str, arguments)]
    say(f"building the {what}: {' '.join(command)}")
    if shows_progress:
        if subprocess.run(command, cwd=paths.ROOT, stdout=sys.stderr,
                          stdin=subprocess.DEVNULL, check=False).returncode:
            raise TdxHostError(f"the {what} does not build, see above")
        return
    result = subprocess.run(command, cwd=paths.ROOT, stdin=subprocess.DEVNULL, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    paths.OUT.mkdir(parents=True, exist_ok=True)
    log = paths.OUT / f"build-{what.replace(' ', '-')}.log"
    log.write_bytes(result.stdout)
    if result.returncode:
        tail = result.stdout.decode(errors="replace").splitlines()[-20:]
        raise TdxHostError(f"the {what} does not build; the log {log} ends:\n  " +
                           "\n  ".join(tail))


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
        _make(f"{choice} kernel", "kernel", f"KERNEL={choice}", shows_progress=True)
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
    # make goes through it in this order: what comes last is there when all is.
    last = paths.EMULATOR / "images" / "broken" / "EXPECTED"
    if not path.exists() or not last.exists():
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

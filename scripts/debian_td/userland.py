# SPDX-License-Identifier: GPL-2.0-only
"""The TD's userland, as an initramfs: busybox, its modules, and what works in it."""

import subprocess
import sys
from pathlib import Path

from tdxhost import initramfs, paths
from tdxhost.cpio import Archive
from tdxhost.errors import TdxHostError

from . import firmware
from .collect import MODULES

GUEST = Path(__file__).resolve().parent / "guest"
STACK = paths.BUILD / "debian-td"
DIRECTORIES = ("proc", "sys", "dev", "bin", "modules", "tmp", "disk")
PROGRAMS = ("worker", "devices")


def _program(name):
    """Built anew when its source is newer, or the header."""
    source, program = GUEST / f"{name}.c", STACK / name
    newest = max(file.stat().st_mtime for file in (source, GUEST / "console.h"))
    if not program.exists() or program.stat().st_mtime < newest:
        built = subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-static", "-s", "-o", program,
                                source, "-lnettle"], check=False, capture_output=True, text=True)
        if built.returncode:
            raise TdxHostError(f"the TD's {name} cannot be built:\n{built.stderr}")
    return program.read_bytes()


def provide(signed=False):
    """Debian's packages and the TD's userland; returns the MRTD that the firmware gives."""
    fetch = [paths.ROOT / "scripts/fetch-debian-td", *(["--signed"] if signed else [])]
    if subprocess.run(fetch, check=False, stdout=sys.stderr).returncode:
        raise TdxHostError("Debian's stack cannot be had, see above")
    build(STACK / "root/usr/share/debian-td/initrd")
    # Of the file as Debian has it: what direct boot needed to be changed is not measured.
    return firmware.Firmware((STACK / "firmware.fd").read_bytes()).mrtd().hex()


def build(destination):
    """Write it to destination, unless it is the same already."""
    archive = Archive()
    for directory in DIRECTORIES:
        archive.directory(directory)
    archive.device("dev/console", 5, 1)
    program, names = initramfs.busybox()
    archive.file("bin/busybox", Path(program).read_bytes(), 0o755)
    for name in names:
        if name != "busybox":
            archive.symlink(f"bin/{name}", "busybox")
    for name in PROGRAMS:
        archive.file(f"bin/{name}", _program(name), 0o755)
    archive.file("init", (GUEST / "init").read_bytes(), 0o755)
    for number, name in enumerate(MODULES):
        # They load in the order of their names.
        archive.file(f"modules/{number:02}-{name}.ko", (STACK / f"modules/{name}.ko").read_bytes())
    content = archive.bytes()
    # Its time is what the archive of --root is known by.
    if not destination.exists() or destination.read_bytes() != content:
        destination.write_bytes(content)

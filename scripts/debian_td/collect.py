# SPDX-License-Identifier: GPL-2.0-only
"""Picks what a run needs out of Debian's packages, which were unpacked."""

import lzma
import re
import shutil
import subprocess
from pathlib import Path

from .firmware import Firmware

# Modules of the TD's kernel, in the order in which they load.
MODULES = ("configfs", "tsm_report", "tdx-guest", "virtio_blk", "failover", "net_failover",
           "virtio_net")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
# What QEMU loads for a machine of type q35 and -kernel, even if a TD never sees it.
ROMS = ("kvmvapic.bin", "linuxboot_dma.bin")
PROGRAM = "usr/bin/qemu-system-x86_64"


def _one(directory, pattern):
    found = sorted(directory.glob(pattern))
    if not found:
        raise ValueError(f"no {pattern} in the packages")
    return found[0]


def _copy(source, destination):
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, destination)	# what a link leads to


def _qemu(packages, root):
    """The program, its loader and just the libraries that it is linked with."""
    listing = subprocess.run([packages / LOADER, "--library-path", packages / LIBRARIES, "--list",
                              packages / PROGRAM], check=True, capture_output=True, text=True).stdout
    libraries = re.findall(r"=> (\S+)", listing)
    outside = [path for path in libraries if not Path(path).is_relative_to(packages)]
    if "not found" in listing or outside or not libraries:
        raise ValueError(f"QEMU's libraries are not all in the packages:\n{listing}")
    for path in libraries:
        _copy(path, root / LIBRARIES / Path(path).name)
    for name in (PROGRAM, LOADER):
        _copy(packages / name, root / name)
    for name in ROMS:
        _copy(packages / "usr/share/qemu" / name, root / "usr/share/qemu" / name)
    # Where a program of Debian looks for its loader.
    (root / "lib64").symlink_to("usr/lib64")


def collect(directory):
    packages, share = directory / "unpacked", directory / "root/usr/share/debian-td"
    _qemu(directory / "qemu", directory / "root")
    _copy(_one(packages, "usr/lib/modules/*/vmlinuz"), share / "vmlinuz")
    for name in MODULES:
        path = _one(packages, f"usr/lib/modules/*/kernel/**/{name}.ko.xz")
        (directory / "modules" / f"{name}.ko").write_bytes(lzma.open(path).read())
    firmware = Firmware(_one(packages, "usr/share/ovmf/OVMF.inteltdx*.fd").read_bytes())
    (directory / "firmware.fd").write_bytes(firmware.content)
    firmware.delete_platform_key()
    (share / "firmware.fd").write_bytes(firmware.content)

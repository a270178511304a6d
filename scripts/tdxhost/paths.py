# SPDX-License-Identifier: GPL-2.0-only
"""Where things are. Everything generated is below build/ and out/."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TDXHOST_BUILD", ROOT / "build"))
OUT = Path(os.environ.get("TDXHOST_OUT", ROOT / "out" / "tdxhost"))

KERNELS = BUILD / "kernel"
EMULATOR = BUILD / "emulator"
QEMU_ROOT = BUILD / "qemu-root"
# In an archive of make dist: what it was made from. Nothing is built there.
PREBUILT = BUILD / "PREBUILT"
BUSYBOX = BUILD / "busybox"
INITRAMFS_CACHE = BUILD / "initramfs"
GUEST_SOURCE = Path(__file__).resolve().parent / "guest"
GUEST_TESTS = ROOT / "tests" / "guest"
GUEST_BUILD = BUILD / "guest"

KERNEL_IMAGE = Path("arch/x86/boot/bzImage")
NAMED_KERNELS = ("patched", "stock", "debug", "rt", "kcsan")

# Where things are inside the host.
FIRMWARE = "lib/firmware/intel/tdx"

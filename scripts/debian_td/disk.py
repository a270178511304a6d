# SPDX-License-Identifier: GPL-2.0-only
"""What the TD's devices carry, see guest/devices.c: the disk before the run, each round's data,
the chain that must come of them, and what must be on the disk in the end."""

import gzip
import hashlib
import os
import subprocess
from pathlib import Path

from tdxhost.errors import TdxHostError

SIZE = 32 << 10
SLOTS = 16
FILE = "rounds"
# Two images are the same, byte for byte.
UUID = "6d0f6a4e-52b0-4d3e-9c5d-1f0a0c7d1e01"
ENVIRONMENT = {**os.environ, "E2FSPROGS_FAKE_TIME": "1", "LC_ALL": "C",
               "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
FORMAT = ("mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-J", "size=1", "-m", "0", "-U", UUID,
          "-E", f"hash_seed={UUID},lazy_itable_init=0,nodiscard")


def data(number):
    """Of a round."""
    link, links = number.to_bytes(8, "little"), []
    for _ in range(SIZE // 32):
        link = hashlib.sha256(link).digest()
        links.append(link)
    return b"".join(links)


def _chain(pieces):
    value = bytes(32)
    for piece in pieces:
        value = hashlib.sha256(value + piece).digest()
    return value.hex()


def chain(device, rounds):
    """What the TD must tell after so many rounds with its disk, or net."""
    if device == "net":
        return _chain(data(number) for number in range(rounds))
    return _chain(data(number) for begun in range(rounds) for number in (begun, begun + SLOTS))


def _run(*command):
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT)
    except FileNotFoundError as error:
        raise TdxHostError(f"there is no {error.filename}: install e2fsprogs") from error


def make(image):
    """ext4, with rounds 0 to SLOTS - 1 in a file."""
    file = Path(f"{image}.{FILE}")
    file.write_bytes(b"".join(map(data, range(SLOTS))))
    for command in ((*FORMAT, image, "4M"),
                    ("debugfs", "-w", "-R", f"write {file} {FILE}", image)):
        result = _run(*command)
        # debugfs ends with 0 whatever it was told.
        if result.returncode or "write:" in result.stderr:
            raise TdxHostError(f"no disk for the TD: {result.stderr}")
    file.unlink()


def trouble(image, rounds):
    """What is wrong with the disk, which is packed, after so many rounds; or nothing."""
    if not Path(f"{image}.gz").exists():
        return "it did not come back from the host"
    Path(image).write_bytes(gzip.decompress(Path(f"{image}.gz").read_bytes()))
    check = _run("e2fsck", "-f", "-n", image)
    if check.returncode:
        return f"e2fsck ends with {check.returncode}: {check.stdout.strip()}"
    file = Path(f"{image}.{FILE}")
    file.unlink(missing_ok=True)
    _run("debugfs", "-R", f"dump {FILE} {file}", image)
    found = file.read_bytes() if file.exists() else b""
    newest = rounds + SLOTS - 1
    wrong = [slot for slot in range(SLOTS)
             if found[slot * SIZE:(slot + 1) * SIZE] != data(newest - (newest - slot) % SLOTS)]
    if wrong or len(found) != SLOTS * SIZE:
        return f"{len(found)} bytes in its file, wrong in slots {wrong}"
    return ""

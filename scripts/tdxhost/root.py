# SPDX-License-Identifier: GPL-2.0-only
"""--root DIRECTORY: a tree that is laid over the host's own files, as an archive.

Trees of distributions are large and change seldom, so the archive is kept; what
names, sizes, modes and times say of the tree decides whether it still is the same.
"""

import hashlib
import os
import stat

from . import initramfs, paths
from .cpio import Archive
from .errors import TdxHostError

# The host's first process, and what it needs, are not a tree's to replace.
OWN = ("init", "tdxhost", "proc", "sys", "dev")


def _entries(root):
    """Each path below root with its status, directories before what is in them."""
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted(names + files):
            path = os.path.join(directory, name)
            yield os.path.relpath(path, root), os.lstat(path)


def _wanted(entries):
    return [(place, status) for place, status in entries if place.split("/")[0] not in OWN]


def _digest(root, entries):
    digest = hashlib.sha256(os.fsencode(os.path.realpath(root)))
    for place, status in entries:
        digest.update(f"{place}\0{status.st_mode:o} {status.st_size} {status.st_mtime_ns}\0"
                      .encode(errors="surrogateescape"))
    return digest.hexdigest()[:24]


def _pack(root, entries):
    packed = Archive()
    for place, status in entries:
        path, mode = os.path.join(root, place), stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            packed.directory(place, mode)
        elif stat.S_ISLNK(status.st_mode):
            packed.symlink(place, os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                packed.file(place, file.read(), mode)
    return packed.bytes()


def archive(root):
    """The archive of the tree at root; its path is the cache's."""
    if not os.path.isdir(root):
        raise TdxHostError(f"--root {root}: no such directory")
    entries = _wanted(_entries(root))
    path = paths.INITRAMFS_CACHE / f"root-{_digest(root, entries)}.cpio"
    if path.exists():
        os.utime(path)
        return path.read_bytes()
    content = _pack(root, entries)
    try:
        initramfs.keep(path, content)
    except PermissionError:
        pass		# another user's build/: it works without the cache
    return content

# SPDX-License-Identifier: GPL-2.0-only
"""A writer of cpio archives in the format that the kernel unpacks ("newc")."""

import stat


class Archive:
    """Collects entries in memory; directories appear before what is in them."""

    def __init__(self):
        self._parts = []
        self._names = set()

    def directory(self, name, mode=0o755):
        name = name.strip("/")
        if not name or name in self._names:
            return
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFDIR | mode, b"")

    def file(self, name, content, mode=0o644):
        self._leaf(name, stat.S_IFREG | mode, content)

    def symlink(self, name, target):
        self._leaf(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor, mode=0o600):
        self._leaf(name, stat.S_IFCHR | mode, b"", (major, minor))

    def _leaf(self, name, mode, content, rdev=(0, 0)):
        name = name.strip("/")
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._entry(name, mode, content, rdev)

    def _entry(self, name, mode, content, rdev=(0, 0)):
        self._names.add(name)
        encoded = name.encode() + b"\0"
        # Inode 0 with one link: the kernel then never looks for hard links.
        # Time 0: the same content gives the same archive.
        fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *rdev, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._parts += [_padded(header + encoded), _padded(content)]

    def bytes(self):
        done = Archive()
        done._entry("TRAILER!!!", 0, b"")
        return b"".join(self._parts + done._parts)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)

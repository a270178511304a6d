# SPDX-License-Identifier: GPL-2.0-only
"""What is stored in the repository: the patch folders and the overlay.

series/NNNN-slug/message     subject, blank line, body
series/NNNN-slug/files       the new files the patch brings, one path a line
series/NNNN-slug/hooks.diff  what it changes in files that the base has

A new file stands whole at its in-tree path in the repository's root: that is
the overlay. MAINTAINERS is the exception to both: the repository holds only the
series' own entry, and the patch that claims it sorts it into the kernel's file.
"""

import os
import re

from gitrepo import Failure

FOLDER = re.compile(r"^(\d{4})-[a-z0-9][a-z0-9-]*$")
# Left behind by editors and by patch(1); never meant as part of the overlay.
LITTER = re.compile(r"(~|\.swp|\.orig|\.rej|\.pyc)$")
MAINTAINERS = "MAINTAINERS"


def read(path, default=None):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        if default is None:
            raise
        return default


class Patch:
    def __init__(self, folder, message, files, hooks):
        self.folder = folder		# "0200-add-a-lock"
        self.message = message		# bytes, as git will store it
        self.files = files		# in-tree paths of the files it brings
        self.hooks = hooks		# a diff, b"" if it changes no base file

    @property
    def subject(self):
        return self.message.split(b"\n", 1)[0].decode(errors="replace")

    def __str__(self):
        return "series/" + self.folder


def load_patch(root, folder):
    where = os.path.join(root, "series", folder)
    message = read(os.path.join(where, "message"), b"").strip() + b"\n"
    listing = read(os.path.join(where, "files"), b"").decode()
    files = [line.strip() for line in listing.splitlines()
             if line.strip() and not line.startswith("#")]
    return Patch(folder, message, files,
                 read(os.path.join(where, "hooks.diff"), b""))


def load_patches(root):
    """The series in order."""
    where = os.path.join(root, "series")
    if not os.path.isdir(where):
        raise Failure("%s: no such directory" % where)
    names = sorted(name for name in os.listdir(where)
                   if os.path.isdir(os.path.join(where, name)))
    numbers = {}
    for name in names:
        match = FOLDER.match(name)
        if not match:
            raise Failure("series/%s: a patch folder is named NNNN-slug, "
                          "in small letters" % name)
        if match.group(1) in numbers:
            raise Failure("series/%s: the number is taken by series/%s"
                          % (name, numbers[match.group(1)]))
        numbers[match.group(1)] = name
    return [load_patch(root, name) for name in names]


def overlay_roots(repository, base):
    """The kernel's top directories, but for scripts/, which is the house's."""
    listing = repository.text("ls-tree", "-d", "--name-only", base)
    return [name for name in listing.splitlines() if name != "scripts"]


def list_overlay(root, tops):
    """In-tree paths of all the files that stand in the overlay."""
    found = []
    for top in tops:
        for where, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            found += [os.path.relpath(os.path.join(where, name), root)
                      for name in names if not LITTER.search(name)]
    if os.path.exists(os.path.join(root, MAINTAINERS)):
        found.append(MAINTAINERS)
    return sorted(found)


def overlay_mode(path):
    if os.path.islink(path):
        return "120000"
    return "100755" if os.access(path, os.X_OK) else "100644"


def overlay_content(path):
    if os.path.islink(path):
        return os.readlink(path).encode()
    return read(path)

# SPDX-License-Identifier: GPL-2.0-only
"""From the repository's series/ and overlay to a chain of commits."""

import os
import re

import maintainers
from gitrepo import AUTHOR, EPOCH, Failure, GitError
from patches import (MAINTAINERS, list_overlay, load_patches, overlay_content,
                     overlay_mode, overlay_roots)

OFFSET = re.compile(r"^Hunk #(\d+) succeeded at \d+ \((offset .*)\)", re.M)
CHECKING = re.compile(r"^(Checking patch|Applied patch) (\S+)")


class Series:
    """The patches, the overlay, and the commits they become."""

    def __init__(self, root, repository, author=None):
        self.root = os.path.abspath(root)
        self.repository = repository
        self.author = author or AUTHOR
        self.base = repository.resolve("base^{commit}")
        if not self.base:
            raise Failure("%s: has no tag 'base'" % repository.path)
        self.patches = load_patches(root)
        self.overlay = list_overlay(root, overlay_roots(repository, self.base))
        self.commits = []
        self.entries = []		# (mode, blob, path) of each overlay file
        self.offsets = []		# hunks that did not sit where they said

    def assemble(self):
        """Write one commit a patch; the last one's name is returned."""
        head = self.base
        with self.repository.index(self.base) as index:
            for number, patch in enumerate(self.patches, 1):
                self.apply_hooks(index, patch)
                self.add_files(index, patch, head)
                head = self.repository.commit_tree(
                    index.write(), [head], patch.message,
                    EPOCH + 60 * number, self.author)
                self.commits.append(head)
        return head

    def overlay_and_hooks(self):
        """What it was assembled from: the blobs, by content."""
        return ([(p.folder, p.message, p.files, p.hooks) for p in self.patches],
                self.entries)

    def apply_hooks(self, index, patch):
        if not patch.hooks.strip():
            return
        try:
            done = index.run("apply", "--cached", "--verbose",
                             "--whitespace=nowarn", "-", stdin=patch.hooks)
        except GitError as error:
            raise Failure("%s/hooks.diff does not apply:\n%s"
                          % (patch, first_errors(error.stderr))) from None
        path = "?"
        for line in done.stderr.decode(errors="replace").splitlines():
            named = CHECKING.match(line)
            if named:
                path = named.group(2).rstrip(".")
            moved = OFFSET.match(line)
            if moved:
                self.offsets.append((patch, path, *moved.groups()))

    def add_files(self, index, patch, parent):
        entries = []
        for path in patch.files:
            where = os.path.join(self.root, path)
            if not os.path.lexists(where):
                continue		# rules.py has said so
            content, mode = overlay_content(where), overlay_mode(where)
            if path == MAINTAINERS:
                kernel = self.repository.blob(parent + ":" + MAINTAINERS)
                content = maintainers.insert(content, kernel or b"")
                mode = "100644"
            entries.append((mode, self.repository.write_blob(content), path))
        self.entries += entries
        if entries:
            index.put(entries)


def first_errors(stderr, limit=6):
    lines = [line for line in stderr.splitlines() if line.startswith("error:")]
    return "\n".join("  " + line for line in lines[:limit])

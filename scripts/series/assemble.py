# SPDX-License-Identifier: GPL-2.0-only
"""From the repository's series/ and overlay to a chain of commits."""

import os
import re

import maintainers
from gitrepo import AUTHOR, Chain, Failure, GitError
from patches import (MAINTAINERS, list_overlay, load_topics, number_of,
                     overlay_content, overlay_mode, overlay_roots)

OFFSET = re.compile(r"^Hunk #(\d+) succeeded at \d+ \((offset .*)\)", re.M)
CHECKING = re.compile(r"^(Checking patch|Applied patch) (\S+)")


class Series:
    """The topics, the overlay, and the commits they become."""

    def __init__(self, root, repository, author=None, base=None):
        self.root = os.path.abspath(root)
        self.repository = repository
        self.author = author or AUTHOR
        self.base = base or repository.resolve("base^{commit}")
        if not self.base:
            raise Failure("%s: has no tag 'base'" % repository.path)
        self.topics = load_topics(root)
        self.patches = [patch for topic in self.topics for patch in topic.patches]
        self.overlay = list_overlay(root, overlay_roots(repository, self.base))
        self.commits = []
        self.entries = []		# (mode, blob, path) of each overlay file
        self.brought = {}		# what each patch brings, the same way
        self.left = {}			# what a patch's hunks make of overlay files
        self.offsets = []		# hunks that did not sit where they said

    @property
    def folders(self):
        return [patch.folder for patch in self.patches]

    def ranges(self):
        """(topic, the commit it stands on, its last one) for each topic."""
        chain, end = [self.base] + self.commits, 0
        for topic in self.topics:
            start, end = end, end + len(topic.patches)
            yield topic, chain[start], chain[end]

    def assemble(self):
        """Write one commit a patch; the last one's name is returned."""
        self.read_overlay()
        self.go_back()
        touched = {path for patch in self.patches for path, _ in patch.sections()} \
            | {path for _, _, path in self.entries}
        # An index of these alone: one of all the base's files takes its time.
        with self.repository.index() as index, \
                Chain(self.repository, self.base, self.author) as chain:
            index.put(self.repository.entries(self.base, touched))
            before = index.entries()
            for patch in self.patches:
                self.apply_hooks(index, patch)
                index.put(self.brought[patch])
                after = index.entries()
                self.prove_back_is_forward(patch, after)
                self.commits.append(chain.commit(patch.message, before, after))
                before = after
        return self.commits[-1] if self.commits else self.base

    def read_overlay(self):
        for path in sorted({path for patch in self.patches for path in patch.files}):
            where = os.path.join(self.root, path)
            if not os.path.lexists(where):
                continue		# rules.py has said so
            content, mode = overlay_content(where), overlay_mode(where)
            if path == MAINTAINERS:
                kernel = self.repository.blob("%s:%s" % (self.base, path))
                content = maintainers.insert(content, kernel or b"")
                mode = "100644"
            self.entries.append((mode, self.repository.write_blob(content), path))

    def go_back(self):
        """From the overlay, the last state, to what each patch brings.

        The hunks of later patches on these files are taken out, the last first.
        """
        mine = {path for _, _, path in self.entries}
        with self.repository.index() as index:
            index.put(self.entries)
            for patch in reversed(self.patches):
                hunks = [(path, diff) for path, diff in patch.sections() if path in mine]
                self.left[patch] = index.entries([path for path, _ in hunks])
                for path, diff in hunks:
                    self.take_out(index, patch, path, diff)
                self.brought[patch] = index.entries(set(patch.files) & mine)

    def take_out(self, index, patch, path, diff):
        try:
            index.run("apply", "--cached", "--reverse", "--whitespace=nowarn", "-",
                      stdin=diff)
        except GitError as error:
            raise Failure(
                "%s/hooks.diff does not come off %s, which was edited where this patch "
                "changes it. Take the edit back, make it in build/tree and run 'make "
                "refresh PATCH=%s':\n%s" % (patch, path, number_of(patch.folder),
                                            first_errors(error.stderr))) from None

    def prove_back_is_forward(self, patch, entries):
        for entry in sorted(set(self.left[patch]) - set(entries)):
            raise Failure("%s/hooks.diff: its hunks on %s do not give forward what "
                          "they were taken from backward" % (patch, entry[2]))

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


def first_errors(stderr, limit=6):
    lines = [line for line in stderr.splitlines() if line.startswith("error:")]
    return "\n".join("  " + line for line in lines[:limit])

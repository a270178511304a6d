# SPDX-License-Identifier: GPL-2.0-only
"""The rules of the house that can be told without assembling anything."""

import os
import re

from patches import LITTER, MAINTAINERS, read

SUBJECT_LIMIT = 75
SIGNOFF = re.compile(rb"^\s*signed-off-by:", re.I | re.M)
PATCH_FILES = {"message", "files", "hooks.diff"}
HOOKED = re.compile(rb"^diff --git a/(\S+) b/(\S+)$", re.M)
CREATED = re.compile(rb"^diff --git a/(\S+) b/\S+\nnew file mode|"
                     rb"^(?:rename|copy) to (\S+)$", re.M)


def problems(series):
    """One line for each rule that is broken, with the file that breaks it."""
    return [line for check in CHECKS for line in check(series)]


def owners(series):
    claimed = {}
    for patch in series.patches:
        for path in patch.files:
            claimed.setdefault(path, []).append(patch)
    return claimed


def check_owner(series):
    claimed = owners(series)
    for path in series.overlay:
        if path not in claimed:
            yield "%s: overlay file in no patch (add it to a series/*/files)" % path
    for path, patches in sorted(claimed.items()):
        if len(patches) > 1:
            yield "%s: overlay file claimed more than once: %s" % (
                path, ", ".join("%s/files" % patch for patch in patches))


def check_present(series):
    for patch in series.patches:
        for path in patch.files:
            if not os.path.lexists(os.path.join(series.root, path)):
                yield "%s/files: no overlay file %s" % (patch, path)


def check_shadow(series):
    """An overlay file may not replace a file that the base has."""
    listing = series.repository.out("ls-tree", "-r", "-z", "--name-only",
                                    series.base).decode()
    base = set(listing.split("\0"))
    for path in sorted(set(series.overlay) | set(owners(series))):
        if path != MAINTAINERS and path in base:
            yield "%s: shadows a file of the base (make it a hunk)" % path


def check_hooks(series):
    claimed = owners(series)
    for patch in series.patches:
        for new, target in CREATED.findall(patch.hooks):
            yield "%s/hooks.diff: creates %s (make it an overlay file)" % (
                patch, (new or target).decode())
        for path, _ in HOOKED.findall(patch.hooks):
            if path.decode() in claimed:
                yield "%s/hooks.diff: changes %s, which is an overlay file" % (
                    patch, path.decode())


def check_stray(series):
    """A misspelt name would leave its content out without a word."""
    for patch in series.patches:
        where = os.path.join(series.root, "series", patch.folder)
        for name in sorted(set(os.listdir(where)) - PATCH_FILES):
            if not LITTER.search(name):
                yield "%s/%s: is none of %s" % (
                    patch, name, ", ".join(sorted(PATCH_FILES)))


def check_cover(series):
    if SIGNOFF.search(read(os.path.join(series.root, "series", "cover.md"), b"")):
        yield ("series/cover.md: holds a Signed-off-by; the submitter adds it with "
               "SIGNOFF=")


def check_message(series):
    for patch in series.patches:
        lines = patch.message.rstrip(b"\n").split(b"\n")
        if not lines[0].strip():
            yield "%s/message: is empty" % patch
            continue
        if len(patch.subject) > SUBJECT_LIMIT:
            yield "%s/message: the subject has %d characters, %d are allowed" % (
                patch, len(patch.subject), SUBJECT_LIMIT)
        if len(lines) > 1 and lines[1].strip():
            yield "%s/message: the line after the subject is not empty" % patch
        if not b"".join(lines[1:]).strip():
            yield "%s/message: has a subject but no body" % patch
        if SIGNOFF.search(patch.message):
            yield ("%s/message: holds a Signed-off-by; the submitter adds it "
                   "with SIGNOFF=" % patch)


def check_empty(series):
    for patch in series.patches:
        if not patch.files and not patch.hooks.strip():
            yield "%s: changes nothing (neither files nor hooks.diff)" % patch


CHECKS = (check_owner, check_present, check_shadow, check_hooks, check_stray,
          check_message, check_cover, check_empty)

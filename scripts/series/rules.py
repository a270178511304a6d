# SPDX-License-Identifier: GPL-2.0-only
"""The rules of the house that can be told without assembling anything."""

import os
import re

from patches import LITTER, MAINTAINERS, read

SUBJECT_LIMIT = 75
SIGNOFF = re.compile(rb"^\s*signed-off-by:", re.I | re.M)
# A paragraph of these alone is the message's tags; long ones go on indented.
TAG = re.compile(rb"^(\s|[A-Z][A-Za-z-]+: )")
PATCH_FILES = {"message", "files", "hooks.diff"}
TOPIC_FILES = {"cover.md", "changes.md", "topic"}
CREATED = re.compile(rb"^diff --git a/(\S+) b/\S+\nnew file mode|"
                     rb"^(?:rename|copy) to (\S+)$", re.M)
DELETED = re.compile(rb"^diff --git a/(\S+) b/\S+\ndeleted file mode|"
                     rb"^rename from (\S+)$", re.M)


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
    brought = set()
    claimed = owners(series)
    for patch in series.patches:
        for new, target in CREATED.findall(patch.hooks):
            yield "%s/hooks.diff: creates %s (make it an overlay file)" % (
                patch, (new or target).decode())
        for old, source in DELETED.findall(patch.hooks):
            path = (old or source).decode()
            if path in claimed:
                yield ("%s/hooks.diff: removes %s, which %s brings; bring nothing that "
                       "a later patch moves or removes" % (patch, path, claimed[path][0]))
        for path, _ in patch.sections():
            if path in claimed and path not in brought:
                yield "%s/hooks.diff: changes %s, which %s is the first to bring" % (
                    patch, path, claimed[path][0])
        brought.update(patch.files)


def check_stray(series):
    """A misspelt name would leave its content out without a word."""
    for place, known in [(patch, PATCH_FILES) for patch in series.patches] + \
            [(topic, TOPIC_FILES) for topic in series.topics if topic.name]:
        where = os.path.join(series.root, str(place))
        for name in sorted(set(os.listdir(where)) - known):
            if not LITTER.search(name) and (
                    known is PATCH_FILES or not os.path.isdir(os.path.join(where, name))):
                yield "%s/%s: is none of %s" % (place, name, ", ".join(sorted(known)))


def check_topics(series):
    """Each topic is a series, and has its place on the map."""
    overview = read(os.path.join(series.root, "series", "cover.md"), b"").decode()
    for topic in series.topics:
        if not topic.patches:
            yield "%s: holds no patch" % topic
        if topic.name not in overview:
            yield "series/cover.md: does not tell of %s" % topic.name
        for name in ("cover.md", "changes.md"):
            if SIGNOFF.search(topic.text(name).encode()):
                yield ("%s/%s: holds a Signed-off-by; the submitter adds it with "
                       "SIGNOFF=" % (topic, name))


def paragraphs(lines):
    """The paragraphs of a message's body, without its tags."""
    found = [part.split(b"\n") for part in
             re.split(rb"\n\s*\n", b"\n".join(lines).strip())]
    return [part for part in found
            if part[0][:1].isspace() or not all(map(TAG.match, part))]


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
        elif len(paragraphs(lines[1:])) < 2:
            yield ("%s/message: has a single paragraph; tell the problem in one and "
                   "what the patch does about it in another" % patch)
        if SIGNOFF.search(patch.message):
            yield ("%s/message: holds a Signed-off-by; the submitter adds it "
                   "with SIGNOFF=" % patch)


def check_empty(series):
    for patch in series.patches:
        if not patch.files and not patch.hooks.strip():
            yield "%s: changes nothing (neither files nor hooks.diff)" % patch


CHECKS = (check_owner, check_present, check_shadow, check_hooks, check_stray,
          check_message, check_topics, check_empty)

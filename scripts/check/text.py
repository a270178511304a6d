# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the mails as text."""

import fnmatch
import os
import re
import subprocess

from mails import list_mails

# The submitter signs off and is the author; new files are held against
# MAINTAINERS by maintained(), which looks at the patterns instead of guessing. The
# base has no history, in which the commit of a Fixes: tag could be looked up.
IGNORED = "MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,FILE_PATH_CHANGES,UNKNOWN_COMMIT_ID"
# KVM's own, no crash: checkpatch knows KVM_BUG_ON(), but not what stands on it.
NO_CRASH = re.compile(r"AVOID_BUG.*\n.*\bTDX_BUG_ON")
PLACE = re.compile(r"^#\d+: FILE: ([^:]+):(\d+)")


def checkpatch(context):
    mails = list_mails(context.mails)	# of all topics: both are in the series' order
    for mail, patch in zip(mails, context.patches, strict=True):
        done = subprocess.run(
            ["perl", "scripts/checkpatch.pl", "--strict", "--no-summary",
             "--show-types", "--codespell", "--ignore", IGNORED, mail],
            cwd=context.base, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, errors="replace", check=False)
        yield from findings_of(patch, done)


def findings_of(patch, done):
    """checkpatch tells the finding, then the place, then the line itself."""
    found = 0
    lines = done.stdout.splitlines() + ["", ""]
    for line, place, text in zip(lines, lines[1:], lines[2:]):
        if re.match(r"(ERROR|WARNING|CHECK):", line):
            found += 1
            if NO_CRASH.search(f"{line}\n{text}"):
                continue
            file = PLACE.match(place)
            if file:
                yield "%s:%s: %s (%s)" % (*file.groups(), line, patch)
            else:		# about the message
                yield "%s/message: %s: %s" % (patch, line, text.strip())
    if done.returncode and not found:
        yield "%s: checkpatch failed: %s" % (patch, " ".join(lines[-5:]).strip())


def maintained(context):
    """Each new file matches a file pattern of some entry in MAINTAINERS."""
    with open(os.path.join(context.tree, "MAINTAINERS"), errors="replace") as file:
        patterns = [line[3:].strip() for line in file if line.startswith("F:\t")]
    # "F: */" and the like belong to THE REST.
    patterns = [p for p in patterns if p.strip("*/")]
    for path in context.added:
        if not any(matches(path, pattern) for pattern in patterns):
            yield "%s: no entry in MAINTAINERS covers it" % path


def matches(path, pattern):
    if pattern.endswith("/"):
        return path.startswith(pattern) or fnmatch.fnmatch(path, pattern + "*")
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)

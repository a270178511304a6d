# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the mails as text."""

import fnmatch
import os
import re
import subprocess

# The submitter signs off and is the author; new files are held against
# MAINTAINERS by maintained(), which looks at the patterns instead of guessing.
IGNORED = "MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,FILE_PATH_CHANGES"
PLACE = re.compile(r"^#\d+: FILE: ([^:]+):(\d+)")


def checkpatch(context):
    for name in sorted(os.listdir(context.mails)):
        if name.startswith("0000-"):
            continue
        mail = os.path.join(context.mails, name)
        done = subprocess.run(
            ["perl", "scripts/checkpatch.pl", "--strict", "--no-summary",
             "--show-types", "--codespell", "--ignore", IGNORED, mail],
            cwd=context.base, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, errors="replace", check=False)
        yield from findings_of(name, done)


def findings_of(name, done):
    """checkpatch tells the finding in one line and the place in the next."""
    found = 0
    lines = done.stdout.splitlines()
    for line, following in zip(lines, lines[1:] + [""]):
        if re.match(r"(ERROR|WARNING|CHECK):", line):
            place = PLACE.match(following)
            found += 1
            yield "%s: %s (%s)" % (
                ":".join(place.groups()) if place else name, line, name)
    if done.returncode and not found:
        yield "%s: checkpatch failed: %s" % (name, " ".join(lines[-3:]))


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

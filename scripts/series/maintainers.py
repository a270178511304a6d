# SPDX-License-Identifier: GPL-2.0-only
"""The series' entry, in and out of the kernel's MAINTAINERS file."""

import re

from gitrepo import Failure

ENTRY_LINE = re.compile(rb"^[A-Z]:\t")


def title_of(entry):
    """The entry's first line: what it is sorted by."""
    lines = [line for line in entry.splitlines() if not line.startswith(b"#")]
    lines = [line for line in lines if line.strip()]
    if len(lines) < 2 or ENTRY_LINE.match(lines[0]):
        raise Failure("MAINTAINERS: expected a title and lines like 'M:\\t...'")
    return lines[0]


def body_of(entry):
    """The entry alone: comments, the licence line first, are the house's."""
    lines = [line for line in entry.splitlines() if not line.startswith(b"#")]
    return b"\n".join(lines).strip(b"\n") + b"\n"


def insert(entry, kernel):
    """kernel's text with the entry in its alphabetical place."""
    title = title_of(entry)
    lines = kernel.splitlines(keepends=True)
    # A title is a line before the first "X:<tab>" of an entry. The preamble has
    # such lines too: the list starts after its heading.
    start = next((i for i, line in enumerate(lines)
                  if line.startswith(b"Maintainers List")), -1)
    for i in range(start + 1, len(lines) - 1):
        if not ENTRY_LINE.match(lines[i + 1]) or ENTRY_LINE.match(lines[i]) \
           or not lines[i].strip() or lines[i][:1].isspace():
            continue
        if lines[i].rstrip(b"\n") == title:
            raise Failure("MAINTAINERS: the kernel has an entry %r already"
                          % title.decode())
        if lines[i].rstrip(b"\n").lower() > title.lower() \
           or lines[i].startswith(b"THE REST"):
            return b"".join(lines[:i]) + body_of(entry) + b"\n" \
                   + b"".join(lines[i:])
    raise Failure("MAINTAINERS: found no place for %r" % title.decode())


def extract(old, new):
    """The one entry that new has and old lacks; the inverse of insert()."""
    before, after = old.splitlines(True), new.splitlines(True)
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    count = len(after) - len(before)
    if count <= 0 or before[head:] != after[head + count:]:
        raise Failure("MAINTAINERS: a patch may only add one entry to it")
    return body_of(b"".join(after[head:head + count]))


def with_heading(stored, entry):
    """entry under the comments that the repository's own file starts with."""
    heading = [line for line in stored.splitlines(True) if line.startswith(b"#")]
    return b"".join(heading) + entry

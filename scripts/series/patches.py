# SPDX-License-Identifier: GPL-2.0-only
"""What is stored in the repository: the patch folders and the overlay.

series/NN-topic/cover.md              the topic's cover letter
series/NN-topic/changes.md            what changed since its last version
series/NN-topic/topic                 option=CONFIG_..., what turns it off; was=topic, the
                                      one of the last version that it was a part of
series/NN-topic/NNNN-slug/message     subject, blank line, body
series/NN-topic/NNNN-slug/files       the new files that the patch brings
series/NN-topic/NNNN-slug/hooks.diff  what it changes in other files

The folders' names give the order. A patch's number is its own in all topics, so
that it may move from one to another.

A new file stands whole at its in-tree path in the repository's root, as the last
patch leaves it: that is the overlay. What a later patch than the one that brings
it does to it is in that patch's hooks.diff as well. MAINTAINERS is the exception:
the repository holds only the series' own entry, and the patch that claims it
sorts it into the kernel's file.
"""

import os
import re

from gitrepo import Failure

TOPIC = re.compile(r"^(\d{2})-[a-z0-9][a-z0-9-]*$")
FOLDER = re.compile(r"^(\d{4})-[a-z0-9][a-z0-9-]*$")
DIFF_HEAD = re.compile(rb"^(?=diff --git a/)", re.M)
DIFF_PATH = re.compile(rb"diff --git a/(\S+) b/\S+\n")
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
        self.folder = folder		# "30-lock/0200-add-a-lock"
        self.message = message		# bytes, as git will store it
        self.files = files		# in-tree paths of the files it brings
        self.hooks = hooks		# a diff, b"" if it changes no other file

    @property
    def subject(self):
        return self.message.split(b"\n", 1)[0].decode(errors="replace")

    @property
    def topic(self):
        return topic_of(self.folder)

    def sections(self):
        """(path, diff) of each file that hooks.diff changes."""
        for section in DIFF_HEAD.split(self.hooks):
            match = DIFF_PATH.match(section)
            if match:
                yield match.group(1).decode(), section

    def __str__(self):
        return "series/" + self.folder


class Topic:
    def __init__(self, root, name, patches):
        self.name = name		# "30-lock"
        self.where = os.path.join(root, "series", name)
        self.patches = patches
        found = dict(line.split("=", 1) for line in
                     self.text("topic").splitlines() if "=" in line)
        self.option = found.get("option")
        self.was = found.get("was")

    def text(self, name):
        return read(os.path.join(self.where, name), b"").decode()

    def __str__(self):
        return "series/" + self.name


def topic_of(folder):
    return os.path.dirname(folder)


def number_of(folder):
    return os.path.basename(folder)[:4]


def load_patch(root, folder):
    where = os.path.join(root, "series", folder)
    message = read(os.path.join(where, "message"), b"").strip() + b"\n"
    listing = read(os.path.join(where, "files"), b"").decode()
    files = [line.strip() for line in listing.splitlines()
             if line.strip() and not line.startswith("#")]
    return Patch(folder, message, files,
                 read(os.path.join(where, "hooks.diff"), b""))


def folders_below(where):
    return sorted(name for name in os.listdir(where)
                  if os.path.isdir(os.path.join(where, name)))


def load_topics(root):
    """The series in order: its topics with their patches."""
    where = os.path.join(root, "series")
    if not os.path.isdir(where):
        raise Failure("%s: no such directory" % where)
    topics, numbers = [], {}
    for name in topic_names(where):
        patches = []
        for slug in folders_below(os.path.join(where, name)):
            folder = os.path.join(name, slug)
            match = FOLDER.match(slug)
            if not match:
                raise Failure("series/%s: a patch folder is named NNNN-slug, "
                              "in small letters" % folder)
            if match.group(1) in numbers:
                raise Failure("series/%s: the number is taken by series/%s"
                              % (folder, numbers[match.group(1)]))
            numbers[match.group(1)] = folder
            patches.append(load_patch(root, folder))
        topics.append(Topic(root, name, patches))
    return topics


def topic_names(where):
    names, numbers = folders_below(where), {}
    for name in names:
        match = TOPIC.match(name)
        if not match:
            raise Failure("series/%s: a topic's folder is named NN-topic, in "
                          "small letters" % name)
        if match.group(1) in numbers:
            raise Failure("series/%s: the number is taken by series/%s"
                          % (name, numbers[match.group(1)]))
        numbers[match.group(1)] = name
    return names


def load_patches(root):
    return [patch for topic in load_topics(root) for patch in topic.patches]


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

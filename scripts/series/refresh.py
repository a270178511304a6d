# SPDX-License-Identifier: GPL-2.0-only
"""make refresh: from build/tree back into series/ and the overlay.

Only what the developer changed since the last sync is written, file by file, so
that work done meanwhile in the repository itself is never overwritten. Where
both sides changed one file, nothing at all is written and the file is named.
"""

import os
import re

import maintainers
from assemble import Series
from gitrepo import Failure
from versions import tested_tree
from patches import (MAINTAINERS, load_patches, number_of, overlay_content,
                     overlay_mode, topic_of)

DIFF = ("diff-tree", "-p", "--no-color", "--no-ext-diff", "--no-textconv",
        "--no-renames", "--full-index", "-U3", "--diff-algorithm=myers",
        "--src-prefix=a/", "--dst-prefix=b/")
INDEX_LINE = re.compile(rb"^index [0-9a-f]+\.\.[0-9a-f]+( \d+)?\n", re.M)


# --- which folder a commit belongs to ---------------------------------------

def slug(subject):
    """The folder's name for a subject: its text after the subsystem."""
    text = subject.rpartition(": ")[2] or subject
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    while len(words) > 40 and "-" in words:
        words = words.rpartition("-")[0]
    return words or "patch"


def name_folders(subjects, synced, stored, at=None):
    """A folder for each subject, in order.

    synced is [(folder, subject)] of the last sync, stored what series/ holds now.
    A subject that neither knows was reworded, if it stands where just as many
    synced folders lost theirs, or else it is new and gets a number: between its
    neighbours', or from `at` on.
    """
    by_subject = {subject: folder for folder, subject in stored + synced}
    names = [by_subject.get(subject) for subject in subjects]
    used = {name for name in names if name}
    order = [folder for folder, _ in synced]
    taken = {number_of(folder) for folder, _ in stored + synced}
    start = 0
    while start < len(names):
        if names[start]:
            start += 1
            continue
        end = start
        while end < len(names) and not names[end]:
            end += 1
        after = names[start - 1] if start else None
        before = names[end] if end < len(names) else None
        lost = order[order.index(after) + 1 if after in order else 0:
                     order.index(before) if before in order else len(order)]
        lost = [folder for folder in lost if folder not in used]
        if len(lost) == end - start:
            names[start:end] = lost
        else:
            where = free_places(end - start, after, before, taken, at)
            names[start:end] = ["%s-%s" % (place, slug(subject)) for
                                place, subject in zip(where, subjects[start:end])]
        used.update(names[start:end])
        start = end
    return names


def free_places(count, after, before, taken, at):
    """NN-topic/NNNN for new commits: in the topic of the one before, or that of at."""
    topic, _, first = (at or "").rpartition("/")
    topic = topic or topic_of(after or before or "")
    if at and not (first.isdigit() and len(first) == 4):
        raise Failure("AT=%s is neither NNNN nor NN-topic/NNNN" % at)
    low = int(number_of(after)) if after and topic_of(after) == topic else 0
    high = int(number_of(before)) if before and topic_of(before) == topic else 10000
    step = min(10, (high - low) // (count + 1))
    first = int(first) if at else low + step
    numbers = [n for n in range(first, high, max(step, 1))
               if n > low and "%04d" % n not in taken][:count]
    if len(numbers) < count:
        raise Failure("no %d numbers are free between series/%s and series/%s: "
                      "rename a folder, or say AT=NNNN" % (count, after, before))
    return [os.path.join(topic, "%04d" % n) for n in numbers]


# --- what the repository should hold for a chain of commits -----------------

def export(repository, base, commits, folders):
    """{path in the repository: (mode, content)} for commits named folders.

    A new file belongs to the first commit that has it and is stored as the last one
    leaves it. What others did to it in between is in their hunks.
    """
    files = {}
    owner = {}
    head = commits[-1] if commits else base
    parent = base
    for commit, folder in zip(commits, folders):
        where = "series/%s/" % folder
        new, hooked = [], []
        changes = repository.changes(parent, commit)
        old = files_of_base(repository, base, changes)
        for status, path in changes:
            if path in owner or path in old:
                hooked.append(path)
            else:
                new.append(path)
                files[path] = last_state(repository, base, head, path)
                owner[path] = folder
            if status == "D" and path in owner:
                raise Failure("%s: '%s' removes it, which '%s' brings; have that commit "
                              "not bring it" % (path, folder, owner[path]))
        files[where + "message"] = ("100644",
                                    repository.message(commit).strip() + b"\n")
        if new:
            listing = "".join(path + "\n" for path in sorted(new))
            files[where + "files"] = ("100644", listing.encode())
        if hooked:
            diff = repository.out(*DIFF, parent, commit, "--", *hooked)
            files[where + "hooks.diff"] = ("100644", INDEX_LINE.sub(b"", diff))
        parent = commit
    return files


def files_of_base(repository, base, changes):
    """Those of the paths of these changes that are no overlay files."""
    paths = {path for _, path in changes} - {MAINTAINERS}
    return {path for _, _, path in repository.entries(base, paths)}


def last_state(repository, base, head, path):
    content = repository.blob("%s:%s" % (head, path))
    if path == MAINTAINERS:
        return "100644", maintainers.extract(
            repository.blob("%s:%s" % (base, path)), content)
    return repository.mode(head, path), content


# --- uncommitted changes, into the commits they belong to --------------------

def merge(repository, base, ours, theirs, label):
    """The tree of a three-way merge of three trees."""
    root = repository.commit_tree(base, [], b"base\n")
    sides = [repository.commit_tree(tree, [root], name)
             for tree, name in ((ours, b"ours\n"), (theirs, b"theirs\n"))]
    done = repository.run("merge-tree", "--write-tree", "--name-only",
                          "--no-messages", *sides, ok=(0, 1))
    lines = done.stdout.decode().split("\n")
    if done.returncode:
        raise Failure("%s: the change does not fit there, it builds on a later "
                      "patch: %s" % (label, ", ".join(filter(None, lines[1:]))))
    return lines[0]


def fold(repository, commits, position, change):
    """Put the change (old tree, new tree) into commits[position].

    The later commits are replayed on it. No file of a work tree is touched.
    """
    old, new = change
    head = repository.resolve(commits[position] + "^")
    chain = list(commits[:position])
    for i, commit in enumerate(commits[position:], position):
        parent = commit + "^"
        tree = merge(repository, repository.tree_of(parent),
                     repository.tree_of(head), repository.tree_of(commit),
                     "replaying the series")
        if i == position:
            tree = merge(repository, old, tree, new, "PATCH")
        stamp = int(repository.text("log", "-1", "--format=%at", commit))
        head = repository.commit_tree(tree, [head], repository.message(commit),
                                      stamp)
        chain.append(head)
    return chain


def place_change(repository, base, commits, paths, told, everything):
    """{position: paths} and {path: positions that it may be for}, of a change.

    A new file's change goes to the one commit that has the file, unless everything
    is for the commit at position told. All others go where they are told to go.
    """
    having = {}
    parent = base
    for position, commit in enumerate(commits):
        changes = repository.changes(parent, commit)
        for path in {path for _, path in changes} - files_of_base(repository, base, changes):
            having.setdefault(path, []).append(position)
        parent = commit
    groups, unclear = {}, {}
    for path in paths:
        candidates = having.get(path, [])
        if len(candidates) == 1 and not everything:
            groups.setdefault(candidates[0], []).append(path)
        elif told is not None:
            groups.setdefault(told, []).append(path)
        else:
            unclear[path] = candidates
    return groups, unclear


def tree_with(repository, old, new, paths):
    """old, with just these paths as they are in new."""
    with repository.index(old) as index:
        for path in paths:
            mode = repository.mode(new, path)
            if mode:
                blob = repository.resolve("%s:%s" % (new, path))
                index.put([(mode, blob, path)])
            else:
                index.run("rm", "--cached", "--quiet", "--", path)
        return index.write()


def find_patch(folders, wanted):
    """The position of PATCH=NNNN, or NN-topic/NNNN-slug."""
    matches = [i for i, folder in enumerate(folders)
               if wanted in (folder, os.path.basename(folder), number_of(folder))]
    if len(matches) != 1:
        raise Failure("PATCH=%s names no commit of the series; there are:\n%s"
                      % (wanted, "\n".join("  " + f for f in folders)))
    return matches[0]


def fold_uncommitted(tree, commits, folders, wanted, everything):
    """Fold what is uncommitted; the new chain ends in just the same files."""
    repository = tree.repository
    old, new = repository.tree_of("HEAD"), repository.snapshot()
    if old == new:
        return commits
    told = None if wanted is None else find_patch(folders, wanted)
    groups, unclear = place_change(
        repository, tree.base, commits,
        [path for _, path in repository.changes(old, new)], told, everything)
    if unclear:
        lines = ["  %s%s" % (path, " (in %s)" % ", ".join(
            folders[i] for i in candidates) if candidates else "")
            for path, candidates in unclear.items()]
        raise Failure("uncommitted changes in %s:\n%s\nsay which patch they belong to: "
                      "make refresh PATCH=NNNN" % (tree.path, "\n".join(lines)))
    for position, paths in sorted(groups.items()):
        tree.say("folding %d file(s) into %s" % (len(paths), folders[position]))
        step = tree_with(repository, old, new, paths)
        commits = fold(repository, commits, position, (old, step))
        old = repository.tree_of(commits[-1])
    if old != new:
        raise Failure("folding did not give the files as they are; nothing was "
                      "changed")
    # The files are right already: only HEAD and the index move.
    repository.run("reset", "--quiet", "--mixed", commits[-1])
    return commits


# --- writing it out ----------------------------------------------------------

def current(root, path):
    where = os.path.join(root, path)
    if not os.path.lexists(where):
        return None
    content = overlay_content(where)
    if path == MAINTAINERS:
        content = maintainers.body_of(content)
    elif path.endswith("/message"):
        content = content.strip() + b"\n"
    return overlay_mode(where), content


def stored_now(tree):
    """What the repository holds, in the form that export() gives it.

    Compared in that form, a hunk written by hand is not taken for a change. A
    series that does not assemble is compared byte by byte: {} says nothing.
    """
    try:
        series = Series(tree.root, tree.repository)
        series.assemble()
        return export(tree.repository, tree.base, series.commits,
                      series.folders)
    except Failure:
        return {}


def write(root, path, entry):
    where = os.path.join(root, path)
    if entry is None:
        os.unlink(where)
        folder = os.path.dirname(where)
        while folder != root and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)
        return
    mode, content = entry
    if path == MAINTAINERS and os.path.exists(where):
        with open(where, "rb") as file:
            content = maintainers.with_heading(file.read(), content)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    partial = where + ".partial~"
    with open(partial, "wb") as file:
        file.write(content)
    os.chmod(partial, 0o755 if mode == "100755" else 0o644)
    os.rename(partial, where)


def refresh(tree, wanted=None, at=None, force=False, everything=False):
    """make refresh. Returns the repository's files that were written."""
    if tree.in_progress():
        raise Failure("%s: a rebase is in progress there; finish it first"
                      % tree.path)
    repository = tree.repository
    synced, synced_folders = tree.synced()
    synced_commits = repository.commits(tree.base, synced)
    patches = load_patches(tree.root)
    # A folder may have been renamed meanwhile: the subject tells.
    renamed = {patch.subject: patch.folder for patch in patches}
    known = [(subject_of(repository, commit), folder) for folder, commit
             in zip(synced_folders, synced_commits)]
    known = [(renamed.get(subject, folder), subject) for subject, folder in known]
    synced_folders = [folder for folder, _ in known]
    commits = repository.commits(tree.base, "HEAD")
    subjects = [subject_of(repository, commit) for commit in commits]
    twice = {s for s in subjects if subjects.count(s) > 1}
    if twice:
        raise Failure("two commits have the subject '%s'" % min(twice))
    folders = name_folders(subjects, known, [(patch.folder, patch.subject)
                                               for patch in patches], at)
    for first, second in zip(folders, folders[1:]):
        if first > second:
            raise Failure("the commit of series/%s stands before that of series/%s: "
                          "bring the commits back in order; to move a patch, rename "
                          "its folder and run 'make tree'" % (first, second))
    commits = fold_uncommitted(tree, commits, folders, wanted, everything)

    before = export(repository, tree.base, synced_commits, synced_folders)
    after = export(repository, tree.base, commits, folders)
    stored = stored_now(tree)
    writes, conflicts = {}, []
    for path in sorted(set(before) | set(after)):
        old, new = before.get(path), after.get(path)
        now = stored.get(path) or current(tree.root, path)
        if new == old or now == new:
            continue
        if now != old and not force:
            conflicts.append(path)
        writes[path] = new
    if conflicts:
        raise Failure("changed both in the repository and in %s since they last "
                      "agreed:\n%s\nbring one side in line, or take %s's with "
                      "FORCE=1" % (tree.path, "\n".join(
                          "  " + path for path in conflicts), tree.path))
    for path, entry in writes.items():
        write(tree.root, path, entry)
    tree.set_synced(commits[-1] if commits else tree.base, folders)
    return writes


def subject_of(repository, commit):
    return repository.message(commit).split(b"\n", 1)[0].decode(errors="replace")


def settle(tree):
    """After an export: take in what others changed in the repository.

    Returns the series and the files of it that were put in line.
    """
    series = Series(tree.root, tree.repository)
    head = series.assemble()
    writes = in_line(tree, series)
    for path, entry in writes.items():
        write(tree.root, path, entry)
    if writes:
        series = Series(tree.root, tree.repository)
        head = series.assemble()
    tree.move_to(head, series.folders)
    return series, writes


def in_line(tree, series):
    """The diffs whose hunks sit at another line than they say.

    Their content has not changed, an earlier patch has: no commit of the
    developer's tells of it. On a base that is not the one of series/base it is
    the base that has moved, and the diffs stay as they were tested.
    """
    if tested_tree(tree.root) not in (None, tree.repository.tree_of(tree.base)):
        return {}
    files = export(tree.repository, tree.base, series.commits,
                   series.folders)
    moved = {"series/%s/hooks.diff" % patch.folder for patch, *_ in series.offsets}
    return {path: files[path] for path in sorted(moved)}

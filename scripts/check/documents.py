# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the documentation, in the code and beside it."""

import os
import re
import shutil
import subprocess

# "file:line message", as kernel-doc, get_abi and sphinx have it.
MESSAGE = re.compile(r"^(?:Warning: |Error: )?(\S+?):(\d+):? *(.*)$")


def run(context_tree, command, **more):
    env = dict(os.environ, LC_ALL="C.UTF-8", srctree=context_tree, **more)
    return subprocess.run(command, cwd=context_tree, env=env, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, errors="replace")


def has_kernel_doc(tree, path):
    where = os.path.join(tree, path)
    if not path.endswith((".c", ".h")) or not os.path.exists(where):
        return False
    with open(where, errors="replace") as file:
        return bool(re.search(r"^\s*/\*\*$", file.read(), re.M))


def messages(tree, path):
    """kernel-doc's warnings, without the line numbers that hunks move."""
    done = run(tree, ["tools/docs/kernel-doc", "-none", "-Wall", "-Werror", path])
    found = []
    for match in filter(None, map(MESSAGE.match, done.stdout.splitlines())):
        found.append((match.group(3), "%s:%s: %s" % match.groups()))
    if done.returncode and not found:
        found.append(("", "%s: kernel-doc failed: %s" % (path, done.stdout.strip())))
    return found


def kernel_doc(context):
    for path in context.touched:
        if not path.startswith("tools/") and has_kernel_doc(context.tree, path):
            known = [text for text, _ in messages(context.base, path)] \
                if path in context.hooked else []
            for text, line in messages(context.tree, path):
                if text in known:
                    known.remove(text)
                else:
                    yield line


def abi(context):
    """The ABI documents that the series adds or changes."""
    if not any(path.startswith("Documentation/ABI/") for path in context.touched):
        return
    done = run(context.tree, ["tools/docs/get_abi.py", "--dir",
                              "Documentation/ABI", "validate"])
    yield from about(context, done.stdout)


def about(context, output):
    """The lines of output that name a file of the series."""
    for line in output.splitlines():
        for path in context.touched:
            if path in line and re.search(r"warning|error|duplicate|defined \d+ times",
                                          line, re.I):
                yield line.replace(context.tree + "/", "")
                break


def sphinx(context):
    """Build the book that the series' documents are in."""
    pages = [path for path in context.touched
             if path.startswith("Documentation/") and path.endswith(".rst")]
    if not pages:
        return
    if not shutil.which("sphinx-build"):
        context.say("note: sphinx is not installed, the documentation is not built")
        return
    books = sorted({os.path.dirname(path)[len("Documentation/"):] for path in pages})
    log = os.path.join(os.path.dirname(context.tree), "check-sphinx.log")
    out = os.path.join(os.path.dirname(context.tree), "check-docs")
    shutil.rmtree(out, ignore_errors=True)
    done = run(context.tree, ["make", "htmldocs", "SPHINXDIRS=" + " ".join(books),
                              "O=" + out])
    with open(log, "w") as file:
        file.write(done.stdout)
    yield from about(context, done.stdout)
    for path in pages:
        page = re.sub(r"^Documentation/(.*)\.rst$", r"\1.html", path)
        if not any(os.path.join(where, name).endswith("/" + os.path.basename(page))
                   for where, _, names in os.walk(out) for name in names):
            yield "%s: sphinx made no page of it, see %s" % (
                path, os.path.relpath(log))

# SPDX-License-Identifier: GPL-2.0-only
"""sparse (C=2) and gcc's W=1 on every object that the series touches."""

import os
import re
import subprocess
from collections import Counter

from build import Kernel
from gitrepo import Failure

WARNING = re.compile(r"^(\S+?):(\d+)(?::\d+)?: (?:sparse: )?(warning|error): (.*)$")


def sparse():
    """The command of a sparse that is new enough for this kernel."""
    tool = os.path.join(os.path.dirname(__file__), "..", "sparse-root")
    found = subprocess.run([tool], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        raise Failure("there is no sparse to check with, see above")
    return found.stdout.strip()


def sources(tree, paths):
    """The C files of the kernel itself; tools/ is built by its own rules.

    What another one includes is compiled, and checked, as a part of that one.
    """
    found = [path for path in paths if path.endswith(".c")
             and not path.startswith(("tools/", "samples/", "Documentation/"))]
    included = set()
    for path in found:
        with open(os.path.join(tree, path), errors="replace") as file:
            for name in re.findall(r'^#include "([^"]+\.c)"$', file.read(), re.M):
                included.add(os.path.normpath(os.path.join(os.path.dirname(path), name)))
    return [path for path in found if path not in included]


def findings(log, start):
    """The warnings and errors in a log behind this place; [(file, line, text)]."""
    found = []
    with open(log, errors="replace") as file:
        file.seek(start)
        for line in file:
            if "not available or not up to date" in line:
                raise Failure(line.strip())
            match = WARNING.match(line.rstrip())
            if match:
                path, number, _, text = match.groups()
                path = re.sub(r"^.*/(?:check-tree|base|tree)/", "", path)
                found.append((path, number, text))
    return found


def diagnose(name, tree, paths):
    """Compile these files with every check; [(file, line, text)]."""
    kernel = Kernel(name, tree)
    kernel.lock()
    kernel.link_source()
    with open(kernel.log, "wb") as log:
        kernel.configure(log)
        kernel.make(log, "preparing", "prepare", "modules_prepare")
        start = log.tell()
        targets = [path[:-2] + ".o" for path in paths]
        # What was compiled by an earlier run says nothing any more.
        for target in targets:
            where = os.path.join(kernel.objects, target)
            if os.path.exists(where):
                os.unlink(where)
        kernel.make(log, "compiling %d files with C=2 W=1" % len(targets),
                    "-k", "C=2", "W=1", "CHECK=" + sparse(), *targets)
    found = findings(kernel.log, start)
    missing = [path for path, target in zip(paths, targets)
               if not os.path.exists(os.path.join(kernel.objects, target))]
    if missing:
        raise Failure("not compiled: " + ", ".join(missing))
    return found


def warnings(context):
    found = diagnose("check", context.tree, sources(context.tree, context.touched))
    if not found:
        return
    # Compile the base only when there is something to compare.
    hooked = sources(context.base, context.hooked)
    known = Counter((path, text) for path, _, text
                    in diagnose("check-base", context.base, hooked))
    for path, number, text in found:
        if known[path, text]:
            known[path, text] -= 1
        else:
            yield "%s:%s: %s" % (path, number, text)

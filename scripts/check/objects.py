# SPDX-License-Identifier: GPL-2.0-only
"""sparse (C=2) and gcc's W=1 on every object that the series touches."""

import os
import re
from collections import Counter

from build import Kernel
from gitrepo import Failure

WARNING = re.compile(r"^(\S+?):(\d+)(?::\d+)?: (?:sparse: )?(warning|error): (.*)$")


def sources(paths):
    """The C files of the kernel itself; tools/ is built by its own rules."""
    return [path for path in paths if path.endswith(".c")
            and not path.startswith(("tools/", "samples/", "Documentation/"))]


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
                    "-k", "C=2", "W=1", *targets)
    found = []
    with open(kernel.log, errors="replace") as file:
        file.seek(start)
        for line in file:
            match = WARNING.match(line.rstrip())
            if match:
                path, number, _, text = match.groups()
                path = re.sub(r"^.*/(?:check-tree|base|tree)/", "", path)
                found.append((path, number, text))
    missing = [path for path, target in zip(paths, targets)
               if not os.path.exists(os.path.join(kernel.objects, target))]
    if missing:
        raise Failure("not compiled: " + ", ".join(missing))
    return found


def warnings(context):
    found = diagnose("check", context.tree, sources(context.touched))
    if not found:
        return
    # Compile the base only when there is something to compare.
    hooked = sources(context.hooked)
    known = Counter((path, text) for path, _, text
                    in diagnose("check-base", context.base, hooked))
    for path, number, text in found:
        if known[path, text]:
            known[path, text] -= 1
        else:
            yield "%s:%s: %s" % (path, number, text)

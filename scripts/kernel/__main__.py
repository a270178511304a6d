# SPDX-License-Identifier: GPL-2.0-only
"""Builds a kernel in build/kernel/NAME, see build.py."""

import argparse
import os
import re
import sys

from build import BUILD, Failure, Kernel


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--tree", default=os.path.join(BUILD, "tree"))
    parser.add_argument("--without", action="append", default=[], metavar="CONFIG_NAME",
                        help="with this option off")
    arguments = parser.parse_args()
    if not re.match(r"^[a-z0-9-]+$", arguments.name):
        parser.error("a kernel's name is stock, patched, debug, rt, kcsan, builtin, "
                     "without or one of your own, in small letters")
    kernel = Kernel(arguments.name, os.path.abspath(arguments.tree))
    kernel.without = arguments.without
    try:
        kernel.build()
    except Failure as failure:
        print("kernel %s: %s" % (kernel.name, failure), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

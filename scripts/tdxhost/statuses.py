# SPDX-License-Identifier: GPL-2.0-only
"""Names of P-SEAMLDR's statuses, and what the one who chose an image can do."""

import re

from . import paths

HEADER = paths.ROOT / "emulator/abi/seamldr.h"
DEFINITION = re.compile(r"^#define SEAMLDR_(E[A-Z]+)\s+0x([0-9a-f]{16})UL", re.M)

ADVICE = {
    "EBADPARAM": "it is no module image, or one that is damaged",
    "EBADSIG": "its signature is wrong: the emulated host takes images signed with the "
               "emulator's key, not Intel's",
    "EBADHASH": "its pages are not what its signature is for",
    "EUNSUPCPU": "it is for other CPUs",
    "ENOMEM": "it is too large",
}


def of_seamldr(status):
    names = {int(value, 16): name for name, value in DEFINITION.findall(HEADER.read_text())}
    name = names.get(status, "?")
    advice = ADVICE.get(name)
    return f"{name} ({status:#x})" + (f", {advice}" if advice else "")

# SPDX-License-Identifier: GPL-2.0-only
"""usage: python3 -B scripts/debian_td collect DIRECTORY	(for scripts/fetch-debian-td)
       python3 -B scripts/debian_td mrtd FIRMWARE	what a TD with it measures"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from debian_td import collect, firmware


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("collect", "mrtd"):
        sys.exit(__doc__)
    try:
        if arguments[0] == "collect":
            collect.collect(Path(arguments[1]))
        else:
            print(firmware.Firmware(Path(arguments[1]).read_bytes()).mrtd().hex())
    except (OSError, ValueError) as error:
        sys.exit(f"debian-td: {error}")


main(sys.argv[1:])

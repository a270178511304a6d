# SPDX-License-Identifier: GPL-2.0-only
"""What ./tdxhost runs."""

import sys
from pathlib import Path

# This directory itself is no place to import from: it has a qemu and a kernel.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from tdxhost.cli import main		# pylint: disable=wrong-import-position

sys.exit(main())

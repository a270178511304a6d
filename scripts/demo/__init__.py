# SPDX-License-Identifier: GPL-2.0-only
"""make run: a live update of the TDX module, to be seen."""

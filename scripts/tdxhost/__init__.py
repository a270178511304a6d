# SPDX-License-Identifier: GPL-2.0-only
"""Boot a kernel on the emulated TDX host and run one command there."""

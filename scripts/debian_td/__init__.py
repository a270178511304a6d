# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own QEMU, TD firmware and kernel as a TD on the emulated host."""

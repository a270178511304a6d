# SPDX-License-Identifier: GPL-2.0-only
"""make bench: the stock and the patched kernel side by side."""

# SPDX-License-Identifier: GPL-2.0-only
"""What tdxhost's own exit statuses mean, and the error that carries one."""

TIMED_OUT = 124		# as timeout(1)
PLATFORM_FAILED = 125	# the command was never judged: QEMU, monitor, image, usage
HOST_BROKEN = 126	# the kernel crashed or warned, or the emulator found a bug


class TdxHostError(Exception):
    """A failure that the user can act on; its text says how."""

    def __init__(self, text, status=PLATFORM_FAILED):
        super().__init__(text)
        self.status = status

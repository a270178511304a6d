# SPDX-License-Identifier: GPL-2.0-only
"""Reads the kernel's console while the machine runs and judges each line."""

import re

# The machine is lost: nothing that comes later can be trusted.
FATAL = re.compile("|".join((
    r"Kernel panic - not syncing",
    r"Attempted to kill init",
)))

# The kernel goes on, and so does the run, so that all is seen; but it has failed.
WARNING = re.compile("|".join((
    r"\bBUG: ",					# also KASAN, soft lockups
    r"kernel BUG at ",
    r"\bOops\b(: |\[)",
    r"general protection fault, ",
    r"WARNING: \S+:\d+ at ",			# WARN()
    r"WARNING: CPU: \d+",			# WARN() of older kernels
    r"WARNING: (possible|inconsistent|suspicious|bad|lock|HARDIRQ|SOFTIRQ|held|nested)",
    r"INFO: (possible recursive|inconsistent lock|trying to register non-static)",
    r"INFO: task \S+ blocked for more than",
    r"INFO: rcu_\w+ (self-)?detected",
    r"rcu: INFO: rcu_\w+ (self-)?detected",
    r"INFO: task hung",
    r"watchdog: CPU\d+: Watchdog detected hard LOCKUP",
    r"UBSAN: ",
    r"KFENCE: ",
    r"BUG \S+ \(.*\): ",			# SLUB
    r"ODEBUG: ",
    r"list_(add|del) corruption",
    r"unregister_netdevice: waiting",
    r"DEBUG_LOCKS_WARN_ON",
)))

# Said by init, worth telling, and no fault: without a TDX module there is no TDX.
NOTICE = re.compile(r"tdxhost: (module \S+ does not load)")

# What the emulator says when one of its own invariants does not hold.
BROKEN = re.compile(r"emulator: BROKEN: ")


class Lines:
    """Cuts a stream into lines, keeps all of them in a file and looks at each."""

    def __init__(self, file, on_line):
        self._file = file
        self._on_line = on_line
        self._rest = b""

    def feed(self, data):
        self._file.write(data)
        self._file.flush()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode(errors="replace").rstrip("\r"))

    def end(self):
        if self._rest:
            self._on_line(self._rest.decode(errors="replace").rstrip("\r"))
            self._rest = b""


def tail(path, count=25, around=None):
    """The last lines of a log; or those from the first that matches on."""
    lines = path.read_text(errors="replace").replace("\r", "").splitlines()
    if around:
        for index, line in enumerate(lines):
            if around in line:
                return lines[max(0, index - 3):index + 2 * count]
    return lines[-count:]

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

# Worth telling, and no fault: the host runs, but not as its user may think. What the
# kernel says, or init, and what is told; {} is what the pattern found.
NOTICES = tuple((re.compile(pattern), text) for pattern, text in (
    (r"tdxhost: (module \S+ does not load)", "{}"),
    (r"virt/tdx: (.*(?:initialization failed|not loaded|required for TDX|not supported by the host"
     r" platform|too few private KeyIDs).*)", "no TDX in this host: {}"),
    (r"kvm_intel: (?:tdx: )?(.*(?:required for TDX|Disable TDX|not supported by the host platform).*)",
     "no TDs in this host: {}"),
))
# An argument of the user's that nobody wanted.
UNKNOWN_PARAMETER = re.compile(r"(\w+): unknown parameter '([^']+)' ignored")
UNKNOWN_ARGUMENTS = re.compile(r'Unknown kernel command line parameters "(.*)", will be passed')
NO_MODULE = re.compile(r"tdxhost: no module for (\S+)")

# What the emulator says when one of its own invariants does not hold.
BROKEN = re.compile(r"emulator: BROKEN: ")
# When it cannot go on, through no fault of its own.
FATAL_EMULATOR = re.compile(r"emulator: FATAL: (.*)")
TRIPLE_FAULT = re.compile(r"emulator: triple fault")
# What the kernel says of itself before it cannot go on.
HOPELESS = tuple((re.compile(pattern), text) for pattern, text in (
    (r"\] x2apic disabled", "the kernel does without x2APIC, and the emulated host starts no CPU "
     "without: leave out nox2apic, and whatever else turns it off"),
))
# When the firmware's part of it did not take the TDX module.
NOT_LOADED = re.compile(r"emulator: the TDX module was not loaded: status ([0-9a-f]{16})")
# The emulator tells once of each fault that acts; --fault's come first, in their order.
FAULT_ACTS = re.compile(r"emulator: fault (\d+) acts: ")


def without_effect(line, arguments):
    """Those of the user's kernel arguments of which this line says that none wanted them."""
    if match := UNKNOWN_PARAMETER.search(line):
        unknown = [f"{match[1]}.{match[2]}"]
    elif match := UNKNOWN_ARGUMENTS.search(line):
        unknown = match[1].split()
    elif match := NO_MODULE.search(line):
        unknown = [match[1]]
    else:
        return []
    names = {word.partition("=")[0] for word in unknown}
    return [word for word in arguments if word.partition("=")[0] in names]


def notice(line):
    """What of a line of the kernel's is to be told, or None."""
    for pattern, text in NOTICES:
        if match := pattern.search(line):
            return text.format(match[1].strip())
    return None


def hopeless(line):
    """Why a kernel that says this will not get far, or None."""
    return next((text for pattern, text in HOPELESS if pattern.search(line)), None)


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

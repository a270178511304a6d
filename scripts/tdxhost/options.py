# SPDX-License-Identifier: GPL-2.0-only
"""The options of tdxhost: what there is, and what of it makes sense."""

import argparse
import os
import re
import shlex

from . import paths
from .errors import TdxHostError
from .qemu import PROCESSORS

DESCRIPTION = """\
Boot a kernel on a TDX host emulated in software and run COMMAND there. One word
is given to the shell of the host, several are run as they are."""

EPILOG = """\
exit status: the command's; 124 it did not end in time; 125 the platform itself
failed; 126 the kernel crashed or warned, or the emulator found a bug of its own.

Inside: /lib/firmware/intel/tdx/ holds the module images. The logs of the last
run are in out/tdxhost/latest/.

  ./tdxhost -- cat /sys/devices/faux/tdx_host/version
  ./tdxhost --kernel stock --cpus 2 -- 'dmesg | grep -i tdx'
  ./tdxhost --add test --trace calls.txt -- ./test --verbose"""

# Old spelling: the one that counts. Both work; the old one says so.
RENAMED = {"--mem": "--memory", "--qemu": "--qemu-opts"}
# Where the emulated firmware wants to have its memory, see emulator/monitor/memory.c.
LEAST_MEMORY = 1 << 30
SUFFIXES = {"": 20, "K": 10, "M": 20, "G": 30, "T": 40}


def parser():
    whole = argparse.ArgumentParser(
        prog="tdxhost", description=DESCRIPTION, epilog=EPILOG, add_help=False,
        usage="tdxhost [OPTION...] -- COMMAND [ARGUMENT...]\n       tdxhost [OPTION...] --shell",
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    add = whole.add_argument_group("the machine").add_argument
    add("-p", "--cpus", type=int, default=4, metavar="N", help="logical processors (default: 4)")
    add("-m", "--memory", "--mem", default="2G", metavar="SIZE", help="memory (default: 2G)")
    add("--processor", default="sapphire-rapids", choices=list(PROCESSORS), metavar="NAME",
        help="sapphire-rapids or granite-rapids (default: sapphire-rapids)")
    add("--qemu-opts", "--qemu", dest="qemu", action="append", default=[], metavar="ARGUMENTS",
        help="more arguments for QEMU, as in --qemu-opts='-d int' (repeatable)")

    add = whole.add_argument_group("the kernel").add_argument
    add("-k", "--kernel", default="patched", metavar="KERNEL",
        help="patched, stock, debug, rt, kcsan, a bzImage, or a kernel's build directory "
             "(default: patched)")
    add("--modules", metavar="DIRECTORY",
        help="where the modules of a kernel given by path are")
    add("-a", "--append", action="append", default=[], metavar="ARGUMENTS",
        help="more kernel arguments; those for a module, as kvm_intel.ept=0, reach it "
             "(repeatable)")

    add = whole.add_argument_group("files").add_argument
    add("--add", action="append", default=[], metavar="FILE[:DESTINATION]",
        help="put a file or directory into the host, by default below /root, where "
             "COMMAND starts (repeatable)")
    add("--root", metavar="DIRECTORY",
        help="lay a tree, as of a distribution, over the host's own files")
    add("--get", action="append", default=[], metavar="FILE[:DESTINATION]",
        help="bring a file out of the host when COMMAND has ended, by default into the "
             "current directory (repeatable)")

    add = whole.add_argument_group("the emulated TDX").add_argument
    add("--module", metavar="VERSION",
        help="TDX module that the BIOS loads: a version, or an image's path (default: 1.5.05; "
             "2.0.05 for granite-rapids)")
    add("--fault", action="append", default=[], metavar="SPEC",
        help="let a SEAMCALL fail: leaf=INSTALL,cpu=2,nth=1,status=0x... (repeatable)")
    add("--cost", action="append", default=[], metavar="LEAF=US",
        help="let a SEAMCALL take at least so many microseconds (repeatable)")
    add("--emulator", action="append", default=[], metavar="OPTION",
        help="another option of the emulator, such as invariants=deep (repeatable)")

    add = whole.add_argument_group("what is recorded").add_argument
    add("--trace", metavar="FILE", help="write one line for each SEAMCALL")
    add("--log", metavar="FILE", help="copy the kernel's console and the emulator's log there")
    add("-v", "--verbose", action="store_true",
        help="show the kernel's console and the emulator's log while they are written")
    add("--count-instructions", action="store_true",
        help="let time pass by one nanosecond for each instruction executed, one CPU "
             "after another: durations then are numbers of instructions")

    add = whole.add_argument_group("the run").add_argument
    add("--timeout", type=_seconds, default=None, metavar="S",
        help="seconds until the run is ended (default: 600; none for a shell)")
    add("--gdb", nargs="?", const=1234, type=int, metavar="PORT",
        help="wait for a debugger on PORT of this machine (default: 1234)")
    add("--shell", action="store_true",
        help="a shell on this terminal instead of COMMAND; Ctrl-] ends the host, "
             "whatever state it is in")
    add("--dry-run", action="store_true",
        help="build and boot nothing: say what would be built, and QEMU's command line")

    add = whole.add_argument_group("about tdxhost").add_argument
    add("-h", "--help", action="help", help="this text")
    add("--version", action="store_true", help="the version of tdxhost and of QEMU")
    add("--man", action="store_true", help="a manual page: ./tdxhost --man | man -l -")
    add("--bash-completion", action="store_true",
        help="for bash: eval \"$(./tdxhost --bash-completion)\"")
    whole.add_argument("command", nargs="*", metavar="COMMAND", help=argparse.SUPPRESS)
    return whole


def _seconds(text):
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


_seconds.__name__ = "number of seconds"		# argparse tells it


def usage_error(message):
    raise TdxHostError(f"{message}\nTry: ./tdxhost --help")


def _check_memory(text):
    """What QEMU takes, which counts in MiB unless told otherwise."""
    match = re.fullmatch(r"(\d+)([KMGT]?)B?", text, re.I)
    if not match:
        usage_error(f"--memory {text}: not a size, such as 2G or 2048M")
    if int(match[1]) << SUFFIXES[match[2].upper()] < LEAST_MEMORY:
        usage_error(f"--memory {text}: too little, the emulated host needs 1G at least")


def _check_modules(options):
    """It is for a kernel's image: what was built brings its modules."""
    if options.kernel in paths.NAMED_KERNELS or os.path.isdir(options.kernel):
        usage_error(f"--modules has no effect with --kernel {options.kernel}, which has its own: "
                    "leave it out, or name a bzImage")
    if not os.path.isdir(options.modules):
        usage_error(f"--modules {options.modules}: no such directory")


def _words(option, texts):
    """Each text is split as a shell does it."""
    try:
        return [word for text in texts for word in shlex.split(text)]
    except ValueError as error:
        return usage_error(f"{option}: {error}")


def _fit_argument(word):
    """Modules are known by their names with _, as the kernel's own arguments take both."""
    module, dot, rest = word.partition(".")
    if not dot or "=" in module:
        return word
    return f"{module.replace('-', '_')}.{rest}"


def parse(arguments, say):
    """The options, checked; say() tells what is worth a notice."""
    whole = parser()
    # Not argparse's own exit status: 2 could be the command's.
    whole.error = usage_error
    options = whole.parse_args(arguments)
    if options.version or options.man or options.bash_completion:
        return options
    before = arguments[:arguments.index("--")] if "--" in arguments else arguments
    for word in before:
        name = word.partition("=")[0]
        if name in RENAMED:
            say(f"{name} is called {RENAMED[name]} now")
    if not options.shell and not options.command:
        usage_error("no COMMAND (put it behind --), and no --shell")
    if not 1 <= options.cpus <= 64:
        usage_error("--cpus: 1 to 64")
    if options.gdb is not None and not 1 <= options.gdb <= 65535:
        usage_error("--gdb: a port is 1 to 65535")
    if options.shell and options.get:
        usage_error("--get: there is no line for files beside a --shell")
    _check_memory(options.memory)
    if options.modules:
        _check_modules(options)
    options.qemu = _words("--qemu-opts", options.qemu)
    options.append = [_fit_argument(word) for text in options.append for word in text.split()]
    options.module = options.module or PROCESSORS[options.processor][1]
    # Commands that come from elsewhere are read as a script's: to its end.
    options.interactive = options.shell and os.isatty(0)
    if options.shell:
        options.command = options.command or ["/bin/sh", "-l"]
    elif len(options.command) == 1:
        options.command = ["/bin/sh", "-c", options.command[0]]
    if options.timeout is None:
        options.timeout = None if options.shell or options.gdb else 600
    return options


def emulator_words(options):
    """The emulator's command line."""
    words = [f"fault:{spec}" for spec in options.fault]
    for spec in options.cost:
        leaf, separator, cost = spec.partition("=")
        if not separator or not cost.removesuffix("us").isdigit():
            usage_error(f"--cost {spec}: LEAF=MICROSECONDS")
        words.append(f"cost:{leaf}={cost.removesuffix('us')}us")
    if options.trace:
        words.append("trace=on")
    return words + options.emulator


def known_kernels():
    return " ".join(paths.NAMED_KERNELS)

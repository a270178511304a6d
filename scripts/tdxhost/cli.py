# SPDX-License-Identifier: GPL-2.0-only
"""The command line of tdxhost."""

import argparse
import os
import sys
import time

from . import initramfs, paths, provision
from .console import tail
from .errors import HOST_BROKEN, PLATFORM_FAILED, TIMED_OUT, TdxHostError
from .machine import Machine

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

KERNEL_ARGUMENTS = ("console=ttyS0,115200", "panic=-1", "oops=panic", "printk.devkmsg=on",
                    "loglevel=7", "kvm_intel.tdx=1", "nohibernate")
KEPT_RUNS = 40


def _parser():
    parser = argparse.ArgumentParser(
        prog="tdxhost", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--cpus", type=int, default=4, metavar="N", help="logical processors (default: 4)")
    add("--mem", default="2G", metavar="SIZE", help="memory (default: 2G)")
    add("--kernel", default="patched", metavar="KERNEL",
        help="patched, stock, debug, a bzImage, or a kernel's build directory "
             "(default: patched)")
    add("--modules", metavar="DIRECTORY",
        help="where the modules of a kernel given by path are")
    add("--module", default="1.5.05", metavar="VERSION",
        help="TDX module that the BIOS loads: a version, or an image's path "
             "(default: 1.5.05)")
    add("--append", action="append", default=[], metavar="ARGUMENTS",
        help="more kernel arguments (repeatable)")
    add("--add", action="append", default=[], metavar="FILE[:DESTINATION]",
        help="put a file or directory into the host, by default below /root, where "
             "COMMAND starts (repeatable)")
    add("--fault", action="append", default=[], metavar="SPEC",
        help="let a SEAMCALL fail: leaf=INSTALL,cpu=2,nth=1,status=0x... (repeatable)")
    add("--cost", action="append", default=[], metavar="LEAF=US",
        help="let a SEAMCALL take at least so many microseconds (repeatable)")
    add("--trace", metavar="FILE", help="write one line for each SEAMCALL")
    add("--count-instructions", action="store_true",
        help="let time pass by one nanosecond for each instruction executed, one CPU "
             "after another: durations then are numbers of instructions")
    add("--emulator", action="append", default=[], metavar="OPTION",
        help="another option of the emulator, such as invariants=deep (repeatable)")
    add("--qemu", action="append", default=[], metavar="ARGUMENT",
        help="another argument for QEMU, as in --qemu=-d --qemu=int (repeatable)")
    add("--log", metavar="FILE", help="copy the kernel's console and the emulator's log there")
    add("--timeout", type=_seconds, default=None, metavar="S",
        help="seconds until the run is ended (default: 600; none for a shell)")
    add("--gdb", nargs="?", const=1234, type=int, metavar="PORT",
        help="wait for a debugger on PORT of this machine (default: 1234)")
    add("--shell", action="store_true",
        help="a shell on this terminal instead of COMMAND; Ctrl-] ends the host, "
             "whatever state it is in")
    add("command", nargs="*", metavar="COMMAND")
    return parser


def _seconds(text):
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


_seconds.__name__ = "number of seconds"		# argparse tells it


def _parse(arguments):
    parser = _parser()
    # Not argparse's own exit status: 2 could be the command's.
    parser.error = _usage_error
    options = parser.parse_args(arguments)
    if not options.shell and not options.command:
        _usage_error("no COMMAND (put it behind --), and no --shell")
    if not 1 <= options.cpus <= 64:
        _usage_error("--cpus: 1 to 64")
    # Commands that come from elsewhere are read as a script's: to its end.
    if options.gdb is not None and not 1 <= options.gdb <= 65535:
        _usage_error("--gdb: a port is 1 to 65535")
    options.interactive = options.shell and os.isatty(0)
    if options.shell:
        options.command = options.command or ["/bin/sh", "-l"]
    elif len(options.command) == 1:
        options.command = ["/bin/sh", "-c", options.command[0]]
    if options.timeout is None:
        options.timeout = None if options.shell or options.gdb else 600
    return options


def _usage_error(message):
    raise TdxHostError(f"{message}\nTry: ./tdxhost --help")


def _run_directory():
    paths.OUT.mkdir(parents=True, exist_ok=True)
    directory = paths.OUT / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    directory.mkdir()
    latest = paths.OUT / f"latest.{os.getpid()}"
    latest.symlink_to(directory.name)
    latest.rename(paths.OUT / "latest")
    runs = sorted(path for path in paths.OUT.glob("2*-*") if path.is_dir())
    for run in runs[:-KEPT_RUNS]:
        for file in run.iterdir():
            file.unlink(missing_ok=True)
        try:
            run.rmdir()
        except OSError:
            pass		# another tdxhost was quicker
    return directory


def _monitor_arguments(options):
    words = [f"fault:{spec}" for spec in options.fault]
    for spec in options.cost:
        leaf, separator, cost = spec.partition("=")
        if not separator or not cost.removesuffix("us").isdigit():
            _usage_error(f"--cost {spec}: LEAF=MICROSECONDS")
        words.append(f"cost:{leaf}={cost.removesuffix('us')}us")
    if options.trace:
        words.append("trace=on")
    return words + options.emulator


def _report(machine, status):
    """Why it failed, and what the kernel said last."""
    for notice in machine.notices:
        provision.say(notice)
    if machine.trouble:
        provision.say(f"the host is not to be trusted after: {machine.trouble[0]}")
        source = machine.emulator_log if machine.trouble[0].startswith("emulator:") \
            else machine.console_log
        lines = tail(source, around=machine.trouble[0].strip())
    elif machine.reason:
        provision.say(machine.reason if status != TIMED_OUT else
                      f"no end after {machine.options.timeout:g} s")
        source, lines = machine.console_log, tail(machine.console_log)
    else:
        return
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    if status == PLATFORM_FAILED:
        for path in (machine.directory / "qemu.log", machine.emulator_log):
            for line in tail(path, 8):
                print(f"  {path.name}: {line}", file=sys.stderr)
    provision.say(f"exit status {status}; logs: {machine.directory}")


def _run(options):
    # What cannot work is told before anything is built, and before the run.
    words = _monitor_arguments(options)
    top = initramfs.overlay(options.command, options.interactive, options.add)
    for file in filter(None, (options.log, options.trace)):
        open(file, "wb").close()
    provision.provide(options.kernel)
    monitor = provision.monitor()
    kernel = provision.find_kernel(options.kernel, options.modules)
    boot_module = provision.boot_module(options.module)
    directory = _run_directory()
    machine = Machine(options, kernel, monitor, boot_module, directory)
    machine.kernel_arguments = [*KERNEL_ARGUMENTS, *options.append]
    if options.gdb:
        machine.kernel_arguments.append("nokaslr")
        provision.say(f"waiting for: gdb {kernel.vmlinux or ''} -ex "
                      f"'target remote localhost:{options.gdb}'")
    machine.monitor_arguments = words
    initramfs.assemble(machine.initramfs, kernel.modules, top)
    status = machine.run()
    if options.log:
        with open(options.log, "wb") as log:
            log.write(machine.console_log.read_bytes())
            log.write(b"---- emulator ----\n" + machine.emulator_log.read_bytes())
    _report(machine, status)
    if os.environ.get("TDXHOST_VERBOSE") and machine.first_output is not None:
        provision.say(f"first output after {machine.first_output:.1f} s")
    return status


def main(arguments=None):
    try:
        return _run(_parse(sys.argv[1:] if arguments is None else arguments))
    except TdxHostError as error:
        print(f"tdxhost: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"tdxhost: {error}", file=sys.stderr)
        return PLATFORM_FAILED
    except KeyboardInterrupt:
        print("tdxhost: interrupted", file=sys.stderr)
        return 130

# SPDX-License-Identifier: GPL-2.0-only
"""The command line of tdxhost."""

import os
import shlex
import subprocess
import sys
import time

from . import get, initramfs, manual, paths, provision, qemu, root
from .console import tail
from .errors import HOST_BROKEN, PLATFORM_FAILED, TIMED_OUT, TdxHostError
from .machine import Machine
from .options import emulator_words, parse

KERNEL_ARGUMENTS = ("console=ttyS0,115200", "panic=-1", "oops=panic", "printk.devkmsg=on",
                    "loglevel=7", "kvm_intel.tdx=1", "nohibernate",
                    # The kernel's own watchdogs look for hangs, too, and not for a machine
                    # that does other work.
                    "watchdog_thresh=60", "rcupdate.rcu_cpu_stall_timeout=180",
                    "rcupdate.rcu_exp_cpu_stall_timeout=180000",
                    "workqueue.watchdog_thresh=180")
KEPT_RUNS = 40


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


def _kernel_arguments(options):
    return [*KERNEL_ARGUMENTS, *options.append, *(["nokaslr"] if options.gdb else [])]


def _say_what_would_be_run(options, words):
    """--dry-run: on standard output, a line of shell; on standard error, what comes before."""
    for step in () if paths.PREBUILT.exists() else provision.missing([options.kernel]):
        provision.say(f"would build: the {step.what}")
    machine = Machine(options, provision.kernel_image(options.kernel, options.modules),
                      provision.monitor(), provision.boot_module(options.module),
                      paths.OUT / "RUN")
    machine.kernel_arguments, machine.monitor_arguments = _kernel_arguments(options), words
    print(shlex.join([*qemu.find(), *qemu.command_line(options, machine)]))
    return 0


def _version():
    described = paths.PREBUILT.exists() and paths.PREBUILT.read_text().strip() or subprocess.run(["git", "-C", paths.ROOT, "describe", "--always", "--dirty"],
                               capture_output=True, text=True, check=False).stdout.strip()
    print(f"tdxhost {described or 'of an archive without git'}")
    try:
        command = qemu.find()
    except TdxHostError as error:
        print(f"QEMU: {error}")
        return
    subprocess.run([*command, "--version"], check=False)


def _answer(options):
    """What needs no host."""
    if options.version:
        sys.stdout.flush()
        _version()
    elif options.man:
        print(manual.page(), end="")
    else:
        print(manual.bash_completion(), end="")
    return 0


def _run(options):
    if options.version or options.man or options.bash_completion:
        return _answer(options)
    # What cannot work is told before anything is built, and before the run.
    words = emulator_words(options)
    top = initramfs.overlay(options.command, options.interactive, options.add,
                            wanted=get.Files(options.get).names())
    if options.dry_run:
        return _say_what_would_be_run(options, words)
    for file in filter(None, (options.log, options.trace)):
        open(file, "wb").close()
    tree = root.archive(options.root) if options.root else b""
    provision.provide(options.kernel)
    monitor = provision.monitor()
    kernel = provision.find_kernel(options.kernel, options.modules)
    boot_module = provision.boot_module(options.module)
    directory = _run_directory()
    machine = Machine(options, kernel, monitor, boot_module, directory)
    machine.kernel_arguments = _kernel_arguments(options)
    if options.gdb:
        provision.say(f"waiting for: gdb {kernel.vmlinux or ''} -ex "
                      f"'target remote localhost:{options.gdb}'")
    machine.monitor_arguments = words
    initramfs.assemble(machine.initramfs, kernel.modules, top, tree)
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
        return _run(parse(sys.argv[1:] if arguments is None else arguments, provision.say))
    except TdxHostError as error:
        print(f"tdxhost: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"tdxhost: {error}", file=sys.stderr)
        return PLATFORM_FAILED
    except KeyboardInterrupt:
        print("tdxhost: interrupted", file=sys.stderr)
        return 130

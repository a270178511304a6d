# SPDX-License-Identifier: GPL-2.0-only
"""Which QEMU is used, and its command line for the emulated host."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths
from .errors import TdxHostError

# Older ones decode VMXON wrongly or have no x2APIC without KVM.
OLDEST = (10, 0, 13)
PROGRAM = "qemu-system-x86_64"

# Of Linux, the first one has the erratum that makes it scrub a TD's pages by MOVDIR64B; and
# each takes the modules that are made for it.
PROCESSORS = {"sapphire-rapids": ("model=143,stepping=8", "1.5.05"),
              "granite-rapids": ("model=173,stepping=1", "2.0.05")}

# What the emulator ends QEMU with when an invariant of its own broke: QEMU's
# isa-debug-exit device turns the value V into the exit status 2 * V + 1.
EXIT_PORT = 0x501
EXIT_BROKEN = 2 * 0x3f + 1


def processor(name="sapphire-rapids"):
    """What QEMU is told of a processor of that name."""
    return f"max,vendor=GenuineIntel,family=6,{PROCESSORS[name][0]}," \
        "+svm,+x2apic,la57=off,phys-bits=52"


def _version(command):
    try:
        text = subprocess.run(command + ["--version"], text=True, check=True,
                              capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"version (\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else None


def _from_private_root():
    """QEMU out of the private root by its own loader: needs neither root nor chroot."""
    root = paths.QEMU_ROOT
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    program = root / "usr/bin" / PROGRAM
    if not loader.exists() or not program.exists():
        return None
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return [str(loader), "--library-path", str(libraries), str(program),
            "-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios")]


def find():
    """The start of a command line that runs a QEMU that is new enough."""
    system = shutil.which(PROGRAM)
    for command in ([system] if system else None, _from_private_root()):
        version = _version(command) if command else None
        if version and version >= OLDEST:
            return command
    raise TdxHostError(
        f"no {PROGRAM} of version {'.'.join(map(str, OLDEST))} or newer, neither installed "
        f"nor in {paths.QEMU_ROOT}" +
        ("" if paths.PREBUILT.exists() else "; scripts/setup provides one"))


def _multiboot_module(path, arguments=""):
    # Commas separate modules; one inside the arguments is written twice.
    return f"{path} {arguments}".rstrip().replace(",", ",,")


def command_line(options, machine):
    """Everything behind the program: the machine, its lines and what it boots."""
    modules = [_multiboot_module(machine.kernel.image, " ".join(machine.kernel_arguments)),
               _multiboot_module(machine.initramfs)]
    if machine.boot_module:
        modules.append(_multiboot_module(machine.boot_module))
    counting = options.count_instructions
    # The monitor keeps the first one, see emulator/monitor/smp.c.
    cpus = options.cpus + 1
    # tb-size: the default is a gigabyte in these versions, and with several
    # machines at once that is what runs out first.
    cpu = os.environ.get("TDXHOST_CPU", processor(options.processor))
    line = ["-M", "q35,vmport=off,hpet=off", "-accel", f"tcg,thread={'single' if counting else 'multi'},tb-size=256",
            "-cpu", cpu, "-smp", f"{cpus},sockets=1,cores={cpus},threads=1",
            "-m", options.memory, "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none",
            "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4",
            "-chardev", f"file,id=console,path=/proc/self/fd/{machine.console_fd}",
            "-serial", "chardev:console",
            "-chardev", f"socket,id=command,fd={machine.command_fd}",
            "-serial", "chardev:command",
            "-chardev", f"file,id=emulator,path=/proc/self/fd/{machine.emulator_fd}",
            "-device", "isa-debugcon,iobase=0xe9,chardev=emulator"]
    if options.trace:
        path = str(Path(options.trace).resolve()).replace(",", ",,")
        line += ["-chardev", f"file,id=trace,path={path}",
                 # SeaBIOS says what it does on this port if it reads 0xe9 there.
                 "-device", "isa-debugcon,iobase=0x402,readback=0,chardev=trace"]
    if counting:
        line += ["-icount", "shift=0,sleep=off"]
    if options.gdb:
        line += ["-S", "-gdb", f"tcp:localhost:{options.gdb}"]
    return line + ["-kernel", str(machine.monitor),
                   "-append", " ".join(machine.monitor_arguments),
                   "-initrd", ",".join(modules), *options.qemu]

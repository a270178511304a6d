#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The monitor, by booting it: a kernel that tests it from inside, and stray accesses
that must end the run."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "scripts"))

from tdxhost import qemu	# noqa: E402

OUT = pathlib.Path(os.environ.get("O", TOP / "build/emulator"))
MONITOR = OUT / "monitor/monitor.elf"
KERNEL = OUT / "monitor/test/kernel"
MODULE = pathlib.Path(os.environ.get("IMAGES", TOP / "build/emulator/images")) / "1.5.05.blob"

CPU = qemu.processor()
TIMEOUT = int(os.environ.get("MONITOR_TEST_TIMEOUT", 900))
EXIT_PASSED = 2 * 0x10 + 1
EXIT_BROKEN = 2 * 0x3f + 1
EXIT_FATAL = 2 * 0x3e + 1

num_tests = num_failed = 0


def ok(passed, name, detail=""):
    global num_tests, num_failed
    num_tests += 1
    num_failed += not passed
    print(f"{'ok' if passed else 'not ok'} {num_tests} - {name}", flush=True)
    if not passed:
        for line in detail.splitlines():
            print(f"# {line}")


def boot(arguments="", options="", memory="1G", cpus=2, cpu=CPU, module=False):
    """Exit status of QEMU, serial output, and the emulator's log."""
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory) / "log"
        log.touch()
        command = qemu.find() + [
            "-M", "q35", "-accel", "tcg,thread=multi,tb-size=64", "-cpu", cpu,
            "-smp", str(cpus + 1), "-m", memory, "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", "stdio", "-debugcon", f"file:{log}",
            "-device", "isa-debug-exit,iobase=0x501",
            "-kernel", str(MONITOR), "-append", options,
            # The initramfs is not looked at, but the module comes behind it.
            "-initrd", f"{KERNEL} {arguments}".rstrip() + f",{KERNEL},{MODULE}" * module]
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                 text=True, errors="replace", timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return None, "", log.read_text(errors="replace")
        return run.returncode, run.stdout + run.stderr, log.read_text(errors="replace")


def test_kernel():
    status, output, log = boot()
    results = re.findall(r"^(not )?ok \d+ - (.*)$", output, re.M)
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    for failed, name in results:
        ok(not failed, name.strip(), output)
    ok(plan and int(plan[1]) == len(results) > 0 and status == EXIT_PASSED,
       "the test kernel runs to its end", f"status {status}\n{output}{log}")


def test_stray(name, arguments, report, **options):
    status, output, log = boot(arguments, **options)
    lines = [line for line in log.splitlines() if line.startswith("emulator: BROKEN: ")]
    ok(status == EXIT_BROKEN and len(lines) == 1 and re.search(report, lines[0]),
       f"{name} ends the run with a report", f"status {status}\n{output}{log}")


def test_no_stray():
    status, output, log = boot("read=0x1000000")
    ok(status not in (None, EXIT_BROKEN) and "BROKEN" not in log,
       "an access to memory of the host's own does not", f"status {status}\n{output}{log}")


def test_gate():
    """Which SEAMCALLs a host that promises to keep them back may make while it replaces
    the module."""
    for name, arguments, cpus in (("a rehearsal", "gate-rehearsal", 2),
                                  ("an update", "gate-update", 1)):
        test_stray(f"a call past the gate in {name}", arguments,
                   r"SEAMCALL TDH.SYS.RD past the gate: cpu0 rip=", options="gate=on",
                   cpus=cpus, module=True)
        status, output, log = boot(arguments, cpus=cpus, module=True)
        ok("to come" in output and "it went through" in output and "BROKEN" not in log,
           f"in {name} of a host without a gate it does not", f"status {status}\n{output}{log}")
        status, output, log = boot(arguments, options="gate=on strict=off", cpus=cpus,
                                   module=True)
        ok("it went through" in output and "BROKEN" not in log,
           f"in {name} with strict=off it is only counted", f"status {status}\n{output}{log}")
    status, output, log = boot("gate-open", options="gate=on", cpus=1, module=True)
    ok("it went through" in output and "BROKEN" not in log,
       "calls after a rehearsal and after an update are no such calls",
       f"status {status}\n{output}{log}")


def test_inside():
    """The report of who was inside SEAM for how long."""
    status, output, log = boot("inside", cpus=1, module=True)
    line = re.search(r"^cpu0 calls (\d+) us (\d+) max (\d+) (\S+) install (\d+) us (\d+) max (\d+)",
                     output, re.M)
    values = [int(value) for value in line.group(1, 2, 3, 5, 6, 7)] if line else [0] * 6
    calls, total, longest, installs, install_total, install_longest = values
    ok(calls == 3 and installs == 2 and line[4] == "TDH.SYS.RD" and longest >= 20000 and
       total >= longest + install_total and install_total >= install_longest,
       "the time in SEAM is counted, in all and for INSTALL", f"status {status}\n{output}{log}")


def test_refused(name, message, **options):
    status, output, log = boot(**options)
    ok(status == EXIT_FATAL and message in log, name, f"status {status}\n{output}{log}")


def test_strays():
    test_stray("a read of the SEAM range", "read=0x2c001000",
               r"cpu0 gpa=2c001000 use='SEAM range' access=read rip=[0-9a-f]+ ")
    test_stray("a write to the SEAM range", "write=0x2dfff000",
               r"cpu0 gpa=2dfff000 use='SEAM range' access=write ")
    test_stray("a read of the monitor", "read=0x2e000000", r"gpa=2e000000 use='monitor'")
    test_stray("a read of the SEAM range without paging", "unpaged=0x2c001000",
               r"cpu1 gpa=2c001000 use='SEAM range' access=read ")
    test_stray("an access with a KeyID", "read=0x100000000",
               r"with KeyID 1: cpu0 gpa=400000000000 ")
    test_stray("MOVDIR64B to the SEAM range", "movdir64b=0x2c001000",
               r"cpu0 gpa=2c001000 use='SEAM range' access=write ")
    test_stray("MOVDIR64B with a KeyID", "movdir64b=0x100000000",
               r"with KeyID 1: cpu0 gpa=400000000000 access=write ")
    test_stray("the same on a machine of 6 GiB", "read=0x2c001000", r"use='SEAM range'",
               memory="6G")
    test_no_stray()


def test_refusals():
    test_refused("an unknown option is refused", "FATAL: option 'bogus=1': no such command",
                 options="bogus=1")
    test_refused("a machine without SVM is refused", "FATAL: no SVM",
                 cpu=CPU.replace("+svm", "-svm"))


def test_options():
    for options, value in (("", 0), ("invariants=deep", 1)):
        _, output, log = boot("stats", options=options)
        ok(re.search(rf"^deep_invariants {value}\r?$", output, re.M),
           f"deep invariants with options '{options}': {value}", f"{output}{log}")


# usage: monitor_test.py [GROUP...]
GROUPS = {"inside": test_kernel, "gate": test_gate, "report": test_inside, "strays": test_strays, "refusals": test_refusals,
          "options": test_options}
for group in sys.argv[1:] or GROUPS:
    GROUPS[group]()

print(f"1..{num_tests}")
sys.exit(num_failed != 0)

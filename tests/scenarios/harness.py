# SPDX-License-Identifier: GPL-2.0-only
"""Scenario tests: boots of the emulated host, and checks inside and outside of it.

A scenario is an executable that prints TAP. What its script prints in the host as
"ok - WHAT" and "not ok - WHAT" is passed on numbered; a script that does not come
to its end is a failure of its own, whatever it printed before.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

# Another kernel for all that is said of the series: make sweep sets it.
SUBSTITUTE = os.environ.get("SCENARIO_KERNEL")

# For how many seconds wait_for waits in the host, instead of as long as it takes: of kernels on
# which some events are known not to come.
PATIENCE = os.environ.get("SCENARIO_PATIENCE")

# No run takes as long, on a machine of any speed, but one that hangs.
HANG = 1800

ROOT = Path(__file__).resolve().parents[2]
IMAGES = "/lib/firmware/intel/tdx"

CALL = re.compile(r"^(?P<time>\d+) cpu(?P<cpu>\d+) (?P<leaf>[A-Z0-9_.]+) (?P<operands>.*?) -> "
                  r"(?P<status>[0-9a-f]{16}|vmfail|ud|gp)(?P<results>.*)$")
MARK = re.compile(r"^(?P<time>\d+) cpu(?P<cpu>\d+) MARK (?P<text>.*)$")

# What Linux makes of a SEAMCALL that the CPU itself refuses.
REFUSED = {"vmfail": 0x8000FF00FFFF0000, "ud": 0x8000FF0000000006, "gp": 0x8000FF000000000D}


@dataclass
class Call:
    """One line of the SEAMCALL trace; of a mark, the leaf is "mark TEXT"."""
    time: int
    cpu: int
    leaf: str		# without what stands before its first dot
    operands: dict
    status: int


def _registers(text):
    found = {}
    for word in text.split():
        name, _, value = word.partition("=")
        try:
            found[name] = int(value, 16)
        except ValueError:
            pass
    return found


def read_trace(path):
    """The calls of a trace, and the marks among them."""
    calls = []
    for line in Path(path).read_text(errors="replace").splitlines():
        if match := CALL.match(line):
            status = REFUSED.get(match["status"]) or int(match["status"], 16)
            calls.append(Call(int(match["time"]), int(match["cpu"]),
                              match["leaf"].partition(".")[2], _registers(match["operands"]),
                              status))
        elif match := MARK.match(line):
            calls.append(Call(int(match["time"]), int(match["cpu"]), f"mark {match['text']}",
                              {}, 0))
    return calls


def substituted(kernel):
    """The kernel to boot: the one that stands for those with the series, if there is one."""
    return SUBSTITUTE if SUBSTITUTE and kernel in ("patched", "debug") else kernel


@dataclass
class Run:
    """What one boot gave."""
    status: int = 0
    lines: list = field(default_factory=list)	# that were no checks
    errors: str = ""
    trace: list = field(default_factory=list)
    console: str = ""

    def value(self, key):
        """The last key=value of that key in the output, as text."""
        found = None
        for line in self.lines:
            for word in line.split():
                if word.startswith(key + "="):
                    found = word[len(key) + 1:]
        return found


class Scenario:
    """Counts checks and prints them; use as a context manager."""

    def __init__(self, title):
        self._title = title
        self._count = self._failed = 0

    def __enter__(self):
        print("TAP version 13")
        print(f"# {self._title}", flush=True)
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and kind is not SystemExit:
            self.check(f"the scenario comes to its end ({error!r})", False)
        if not self._count:
            self.check("the scenario checks something", False)
        print(f"1..{self._count}", flush=True)
        sys.stdout.flush()
        os._exit(1 if self._failed else 0)

    def check(self, what, held, *diagnostics):
        """One check; the diagnostics are printed if it does not hold."""
        self._count += 1
        self._failed += not held
        print(f"{'ok' if held else 'not ok'} {self._count} - {what}")
        if not held:
            for text in diagnostics:
                for line in str(text).splitlines():
                    print(f"# {line}")
        sys.stdout.flush()
        return held

    def same(self, what, expected, actual):
        return self.check(what, expected == actual, f"expected: {expected}",
                          f"but it is: {actual}")

    def skip_all(self, reason):
        print(f"1..0 # SKIP {reason}", flush=True)
        os._exit(0)

    def _line(self, text, run):
        match = re.match(r"(not )?ok - (.*)", text)
        if match:
            self._count += 1
            self._failed += bool(match[1])
            print(f"{match[1] or ''}ok {self._count} - {match[2]}", flush=True)
        elif text.startswith("#"):
            print(text, flush=True)
        else:
            run.lines.append(text)

    def boot(self, script, *, arguments=(), kernel="patched", cpus=4, expect=0, options=(),
             trace=False, timeout=HANG, name="", keeps_cpus=False):
        """Run a shell script in the host, which has tests/guest/checks.sh.

        Its name ends in .sh: a file of the scenario's directory, which is the scenario's
        name with a .d behind it. All that is there is in the host, in the working
        directory. Anything else is the text of a script.

        With keeps_cpus the script keeps CPUs in a SEAMCALL, or about to make one, until it has
        seen something. For how long is a matter of the machine: a CPU that does not go on is no
        soft lockup then.

        Its checks become checks of the scenario, and so does the exit status of
        tdxhost unless expect is None.
        """
        run = Run()
        kernel = substituted(kernel)
        with tempfile.TemporaryDirectory() as directory:
            if script.endswith(".sh"):
                files = sorted(Path(sys.argv[0] + ".d").iterdir())
            else:
                files = [Path(directory, "scenario.sh")]
                files[0].write_text(". /usr/bin/checks.sh\n" + script)
                script = files[0].name
            log, calls = Path(directory, "log"), Path(directory, "trace")
            command = [ROOT / "tdxhost", "--kernel", kernel, "--cpus", str(cpus),
                       "--timeout", str(max(timeout, HANG)), "--log", log]
            for file in files:
                command += ["--add", file]
            command += options
            if keeps_cpus:
                command += ["--append", "nosoftlockup rcupdate.rcu_cpu_stall_suppress=1"]
            if trace:
                command += ["--trace", calls]
            if kernel != "stock":
                # Only kernels with the series keep SEAMCALLs from the module.
                command += ["--emulator", "gate=on"]
            command += ["--", *(["env", f"HANG={PATIENCE}"] if PATIENCE else []),
                        "sh", script, *arguments]
            with subprocess.Popen([str(word) for word in command],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as process:
                reader = threading.Thread(target=lambda: setattr(
                    run, "errors", process.stderr.read().decode(errors="replace")))
                reader.start()
                for line in process.stdout:
                    self._line(line.decode(errors="replace").rstrip("\n"), run)
                reader.join()
            run.status = process.returncode
            if log.exists():
                run.console = log.read_text(errors="replace")
            if trace and calls.exists():
                run.trace = read_trace(calls)
        self._judge(run, expect, name)
        return run

    def _judge(self, run, expect, name):
        if expect is None:
            return
        of = f" ({name})" if name else ""
        if expect == 0:
            self.check(f"the script comes to its end{of}", "finished" in run.lines,
                       run.errors, *run.lines[-15:])
        self.check(f"tdxhost ends with status {expect}{of}", run.status == expect,
                   f"it is {run.status}", run.errors)


def order(trace, leaves):
    """Where the leaves first occur, each after the one before it; None if not."""
    position, found = 0, []
    for leaf in leaves:
        for index in range(position, len(trace)):
            if trace[index].leaf == leaf:
                break
        else:
            return None
        found.append(index)
        position = index + 1
    return found


def expected_statuses():
    """Broken images and what a stock kernel logs for each."""
    table = ROOT / "build/emulator/images/broken/EXPECTED"
    rows = (line.split() for line in table.read_text().splitlines()
            if line.strip() and not line.startswith("#"))
    return {row[0]: row[1] for row in rows}

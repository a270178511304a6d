# SPDX-License-Identifier: GPL-2.0-only
"""Runs KVM selftests in the emulated host, and takes their results over."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build/selftests/x86"
sys.path.insert(0, str(ROOT / "tests/scenarios"))

from harness import HANG, IMAGES, Scenario, substituted	# noqa: E402 pylint: disable=wrong-import-position

__all__ = ["ALL", "BUILDER", "HARDWARE_LOCKS", "OPT_IN", "Scenario", "UPDATE_IMAGES", "build", "run", "take_over"]

# Two modules that lay the MRTD's context out differently, and that can't refuse
# an update: nothing but the kernel protects a TD that is being built.
UPDATE_IMAGES = f"-- {IMAGES}/1.5.06.blob {IMAGES}/1.5.05.blob"

# What runs in the host. Each test costs two entries of the update log, which has 63: one boot
# is not enough for all.
SCRIPTS = sorted((ROOT / "tests/selftests/host").iterdir())
ALL = f"sh all.sh {UPDATE_IMAGES}"
BUILDER = f"/root/tdx_update_builder_test {UPDATE_IMAGES}"
OPT_IN = f"sh opt-in.sh {UPDATE_IMAGES}"

# A lock of the module that another CPU has is BUSY at once.
HARDWARE_LOCKS = ("--emulator", "locks=hardware")
# How often that was, or would have been, for each leaf.
CONTENDED = re.compile(r"^contended_(\S+) (\d+)$")

RESULT = re.compile(r"^(?P<not>not )?ok \d+ (?:- )?(?P<name>[^#]*?)(?: *# *(?P<directive>.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)")


@dataclass
class Result:
    """One test of a program, and what it said before."""
    name: str
    passed: bool
    skipped: str
    said: list


@dataclass
class Outcome:
    """What one boot gave."""
    status: int
    output: str
    errors: str
    results: list = field(default_factory=list)
    planned: int = 0
    contended: dict = field(default_factory=dict)


def build():
    subprocess.run([ROOT / "tests/selftests/build"], check=True)


def run(command, *, kernel="patched", cpus=2, timeout=HANG, options=(), programs=PROGRAMS):
    """Boot, run a command in the host, with programs and scripts in /root, and parse its TAP."""
    added = [word for file in (*sorted(programs.glob("tdx_*_test")), *SCRIPTS)
             for word in ("--add", f"{file}:/root/{file.name}")]
    done = subprocess.run([ROOT / "tdxhost", "--kernel", substituted(kernel), "--cpus",
                           str(cpus),
                           "--timeout", str(timeout), *added, *options,
                           "--", "sh", "run.sh", *command.split()],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          text=True, errors="replace")
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    said = []
    for line in done.stdout.splitlines():
        result, plan = RESULT.match(line), PLAN.match(line)
        if plan:
            outcome.planned += int(plan[1])
        elif contended := CONTENDED.match(line):
            outcome.contended[contended[1]] = int(contended[2])
        elif result:
            directive = result["directive"] or ""
            outcome.results.append(Result(result["name"].strip(), not result["not"],
                                          directive[5:] if directive.startswith("SKIP") else "",
                                          said))
            said = []
        else:
            said.append(line)
    return outcome


def take_over(scenario, outcome, what, may_skip=()):
    """Each result is a check. A skipped test is a failure unless it may be skipped."""
    print(f"# {what}: locks that another CPU had:", ", ".join(
        f"{leaf} {count}" for leaf, count in outcome.contended.items()) or "none")
    for result in outcome.results:
        skipped = result.skipped and result.name not in may_skip
        scenario.check(f"{what}: {result.name}" + (f" # SKIP {result.skipped}"
                                                   if result.skipped and not skipped else ""),
                       result.passed and not skipped, result.skipped, *result.said[-20:])
    scenario.check(f"{what}: all {outcome.planned} tests gave a result",
                   outcome.planned and outcome.planned == len(outcome.results),
                   f"{len(outcome.results)} did", outcome.output[-2000:], outcome.errors[-4000:])
    scenario.check(f"{what}: the host is well", outcome.status == 0,
                   f"tdxhost ended with {outcome.status}", outcome.errors[-4000:])

# SPDX-License-Identifier: GPL-2.0-only
"""One boot for a measurement, and the key=value lines that it gives."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/benchmark/host/bench.sh"


class Failed(Exception):
    """A boot that gave no measurement."""


class Line:
    """The first word of a line, and its key=value words; numbers as numbers."""

    def __init__(self, text):
        self.word, _, rest = text.partition(" ")
        self.values = {}
        for pair in rest.split():
            key, separator, value = pair.partition("=")
            if separator:
                self.values[key] = int(value) if value.isdigit() else value

    def __getitem__(self, key):
        return self.values[key]


def boot(*words, kernel, cpus=4, options=(), timeout=7200, tolerate=(), whole=True):
    """Run bench.sh in the host, as a whole unless told otherwise; returns its lines."""
    command = [ROOT / "tdxhost", "--kernel", kernel, "--cpus", cpus, "--timeout", timeout,
               "--add", SCRIPT, *options, "--", "sh", SCRIPT.name, *words]
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    lines = [Line(text) for text in result.stdout.decode(errors="replace").splitlines()]
    if result.returncode not in (0, *tolerate) or whole and not of(lines, "bench"):
        sys.stderr.write(result.stderr.decode(errors="replace"))
        raise Failed(f"{kernel} kernel, {cpus} CPUs: tdxhost ended with status "
                     f"{result.returncode}; it printed:\n" +
                     "\n".join(result.stdout.decode(errors="replace").splitlines()[-10:]))
    return lines


def of(lines, word):
    """The lines with that first word."""
    return [line for line in lines if line.word == word]


def median(values):
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values):
    """Median and range, as they go into the results."""
    return {"median": median(values), "min": min(values, default=None),
            "max": max(values, default=None), "samples": len(values)}

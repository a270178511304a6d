# SPDX-License-Identifier: GPL-2.0-only
"""Long steps with something to look at: what runs, how far, how long still."""

import os
import subprocess
import sys
import time

from .errors import TdxHostError

INTERVAL = 0.5		# between two looks at a step's log; one line only on a terminal
PLAIN_INTERVAL = 30	# the same where lines stay


class Step:
    """One step: a name, and how many lines its log has when it is done.

    The number of lines is known from the last time, if there was one; it is
    kept beside the log and only serves the estimate.
    """

    def __init__(self, name, log, expected_lines=None, expected_seconds=None):
        self.name = name
        self.log = log
        self._history = log.with_suffix(".history")
        try:
            lines, seconds = self._history.read_text().split()
            expected_lines, expected_seconds = int(lines), float(seconds)
        except (OSError, ValueError):
            pass
        self._lines = expected_lines
        self._seconds = expected_seconds

    def _estimate(self, lines, elapsed):
        if self._lines and lines > 20:
            share = min(lines / self._lines, 0.99)
            return f"{share:4.0%}, about {elapsed * (1 - share) / share:.0f} s left"
        if self._seconds:
            left = max(self._seconds - elapsed, 0)
            return f"about {left:.0f} s left" if left else "almost done"
        return "first time, no estimate"

    def run(self, command, cwd):
        """Run it; its output goes to the log, whose end is told on failure."""
        terminal = sys.stderr.isatty()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        start = told = time.monotonic()
        print(f"{self.name}: {' '.join(map(str, command))}", file=sys.stderr, flush=True)
        with open(self.log, "wb") as file:
            process = subprocess.Popen(list(map(str, command)), cwd=cwd, stdout=file,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        while True:
            try:
                status = process.wait(INTERVAL)
                break
            except subprocess.TimeoutExpired:
                pass
            now = time.monotonic()
            if not terminal and now - told < PLAIN_INTERVAL:
                continue
            told = now
            text = f"{self.name}: {now - start:.0f} s, {self._estimate(self._count(), now - start)}"
            print(f"\r\033[K{text}" if terminal else text, end="" if terminal else "\n",
                  file=sys.stderr, flush=True)
        if terminal:
            print("\r\033[K", end="", file=sys.stderr)
        elapsed = time.monotonic() - start
        if status:
            tail = self.log.read_text(errors="replace").splitlines()[-20:]
            raise TdxHostError(f"{self.name} failed with status {status}; the log {self.log} "
                               "ends:\n  " + "\n  ".join(tail))
        if elapsed > 2:
            self._history.write_text(f"{self._count()} {elapsed:.0f}\n")
        print(f"{self.name}: done in {elapsed:.0f} s", file=sys.stderr, flush=True)

    def _count(self):
        with open(self.log, "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def environment_number(name, default):
    """A number that the user may set in the environment, as in make run CPUS=8."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not int(text):
        raise TdxHostError(f"{name}={text}: not a number of at least 1")
    return int(text)

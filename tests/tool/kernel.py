# SPDX-License-Identifier: GPL-2.0-only
"""An upload that goes on for as long as the test wants, seen from a terminal or without one."""

import os
import pty
import select
import signal
import subprocess
import threading
import time

from host import TIMEOUT, holds, image

# More than a pipe holds: the tool cannot be done with writing it before the kernel reads.
LARGE = image(b"a large one", pages=64)


class Upload:
    """The tool with an upload under way; with terminal its standard output is one."""

    def __init__(self, host, *arguments, terminal=False, directory=None):
        self.host = host
        self.upload = directory or host.upload
        self.seen = ""
        (self.upload / "data").unlink()
        os.mkfifo(self.upload / "data")
        self.reader = threading.Thread(target=self.take, daemon=True)
        self.reader.start()
        self.out, writer = pty.openpty() if terminal else os.pipe()
        self.process = host.start(*arguments, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.out)
        self.host.close()

    def take(self):
        with (self.upload / "data").open("rb") as data:
            data.read(1)
            self.host.write(self.upload / "status", "transferring")
            self.content = data.read()

    def change(self, **files):
        for name, text in files.items():
            self.host.tdx(name, text)

    def read(self, limit):
        """False at the end."""
        if not select.select([self.out], [], [], limit)[0]:
            raise AssertionError(f"nothing more after {self.seen!r}")
        try:
            text = os.read(self.out, 4096).decode()
        except OSError:		# of a terminal that nobody has open any more
            text = ""
        self.seen += text
        return text

    def wait_for(self, text):
        limit = time.monotonic() + TIMEOUT
        while text not in self.seen:
            if not self.read(limit - time.monotonic()):
                raise AssertionError(f"no {text!r} in {self.seen!r}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait_for_cancel(self):
        limit = time.monotonic() + TIMEOUT
        while not (self.upload / "cancel").read_text():
            if time.monotonic() > limit:
                raise AssertionError("the kernel was not asked to cancel")
            time.sleep(0.01)

    def expect_error(self, text):
        """The next line on standard error has it."""
        line = ""
        while not line.endswith("\n"):
            if not select.select([self.process.stderr], [], [], TIMEOUT)[0]:
                raise AssertionError(f"no {text!r} on standard error")
            line += os.read(self.process.stderr.fileno(), 1).decode()
        holds("standard error", text, line)

    def end(self, error="", **files):
        """How it ends; returns the exit status. What was printed is in seen."""
        self.change(**files)
        self.host.write(self.upload / "error", error)
        self.host.write(self.upload / "status", "idle")
        while self.read(TIMEOUT):
            pass
        return self.process.wait(TIMEOUT)

# SPDX-License-Identifier: GPL-2.0-only
"""One run: start QEMU, carry the streams, watch, and come to a verdict."""

import ctypes
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import tty

from . import console, get, qemu, statuses
from .errors import HOST_BROKEN, PLATFORM_FAILED, TIMED_OUT

PR_SET_PDEATHSIG = 1
# These limits only catch a hang, on machines of any speed: for the kernel to print what
# it has to say after a fatal line, and to get on with powering off after the command
# ended. Tearing down TDs may take as long as it takes: the agent says when it went on.
LAST_WORDS = 60
STANDSTILL = 600
# After so long there is a line about it.
PATIENCE = 10

# Ends a shell whose host does not answer any more: Ctrl-], as in telnet.
LEAVE = b"\x1d"

HEADER = struct.Struct("<cI")


def _set_up_child():
    """No QEMU outlives its tdxhost, however that one ends; and ^C is for tdxhost.

    Not a session of its own: the scheduler groups by sessions, and nice(1) would
    not reach it.
    """
    os.setpgid(0, 0)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    """What qemu.command_line() needs to know, and the run itself."""

    def __init__(self, options, kernel, monitor, boot_module, directory):
        self.options = options
        self.kernel = kernel
        self.monitor = monitor
        self.boot_module = boot_module
        self.directory = directory
        self.initramfs = directory / "initramfs.cpio"
        self.files = get.Files(options.get)
        self.kernel_arguments = []
        self.monitor_arguments = []
        self.console_fd = self.command_fd = self.emulator_fd = "N"
        self.console_log = directory / "console.log"
        self.emulator_log = directory / "emulator.log"
        self.status = None	# of the command
        self.trouble = []	# lines that condemn the run
        self.notices = []
        self._faults = set()	# the numbers of those that acted
        self.reason = None	# why the machine was stopped by us
        self.cause = None	# why it ended before the command did
        self.first_output = None
        self.left = False	# by the user, see LEAVE
        self._selector = selectors.DefaultSelector()
        self._received = b""
        self._deadline = None
        self._ended = None
        self._qemu = None
        self._terminal = None

    # Lines of the two logs.

    def _console_line(self, line):
        if self.options.verbose:
            _tell(line)
        if console.WARNING.search(line) or console.FATAL.search(line):
            self.trouble.append(line)
            if console.FATAL.search(line):
                self._stop_soon("the kernel crashed", LAST_WORDS)
        elif "tdxhost: exit " in line:
            self.status = int(line.rsplit(" ", 1)[1])
        elif text := console.notice(line):
            self._notice(text)
        elif text := console.hopeless(line):
            self.cause = text
        for argument in console.without_effect(line, self.options.append):
            self._notice(f"--append {argument} has no effect: neither this kernel nor its modules "
                         "know it")

    def _notice(self, text):
        if text not in self.notices:
            self.notices.append(text)

    def _emulator_line(self, line):
        if self.options.verbose:
            _tell(line)
        if console.BROKEN.search(line):
            self.trouble.append(line)
        elif match := console.FATAL_EMULATOR.search(line):
            self.cause = f"the emulated host does not start: {match[1]}"
        elif console.TRIPLE_FAULT.search(line):
            self.cause = "the kernel crashed before it could say why (triple fault)"
        elif match := console.FAULT_ACTS.search(line):
            self._faults.add(int(match[1]))
        elif match := console.NOT_LOADED.search(line):
            self._notice(f"--module {self.options.module} was refused at boot, so there is no TDX "
                         f"module: {statuses.of_seamldr(int(match[1], 16))}")

    def _stop_soon(self, reason, seconds):
        if not self.reason:
            self.reason = reason
            self._deadline = min(self._deadline, time.monotonic() + seconds)

    # The command's line.

    def _frame(self, kind, content):
        if self.first_output is None and kind in b"OEX":
            self.first_output = time.monotonic() - self._start
        if kind == b"O":
            _write_all(1, content)
        elif kind == b"E":
            _write_all(2, content)
        elif kind == b"R":
            self._watch_input()
        elif kind == b"G":
            self.files.begin(content[0])
        elif kind == b"D":
            self.files.data(content)
        elif kind == b"X":
            # From here on it is not the command that takes the time.
            self.status = content[0]
            self._ended = time.monotonic()
            self._deadline = self._ended + STANDSTILL
        elif kind == b"P":
            self._deadline = time.monotonic() + STANDSTILL
            if self._ended and time.monotonic() - self._ended > PATIENCE:
                self._ended = None	# said once
                _tell("tdxhost: the command has ended; its processes, and TDs, are torn down")

    def _from_command(self, data):
        if self.options.interactive:
            _write_all(1, data)
            return
        self._received += data
        while len(self._received) >= HEADER.size:
            kind, size = HEADER.unpack_from(self._received)
            if len(self._received) < HEADER.size + size:
                break
            content = self._received[HEADER.size:HEADER.size + size]
            self._received = self._received[HEADER.size + size:]
            self._frame(kind, content)

    def _to_command(self, kind, content=b""):
        try:
            self._line.sendall(HEADER.pack(kind, len(content)) + content)
        except OSError:
            pass		# the machine went away: its exit is seen elsewhere

    def _watch_input(self):
        """From now on the command's input is ours; a terminal only on request."""
        if os.isatty(0) and not self.options.interactive:
            self._to_command(b"C")
            return
        try:
            self._selector.register(0, selectors.EVENT_READ, self._read_input)
        except (PermissionError, ValueError):
            # A regular file cannot be waited for and need not be.
            while data := os.read(0, 65536):
                self._to_command(b"I", data)
            self._to_command(b"C")
        except OSError:
            self._to_command(b"C")

    def _read_input(self):
        try:
            data = os.read(0, 4096)
        except OSError:
            data = b""
        if self.options.interactive:
            if LEAVE in data:
                self.left = True
            elif data:
                self._line.sendall(data)
        else:
            self._to_command(*((b"I", data) if data else (b"C",)))
        if not data:
            self._selector.unregister(0)

    # The run.

    def run(self):
        """Returns tdxhost's exit status."""
        line_end = self._prepare_streams()
        self._start = time.monotonic()
        command = qemu.find() + qemu.command_line(self.options, self)
        (self.directory / "qemu.command").write_text(
            "\n".join(command) + "\n")
        with open(self.directory / "qemu.log", "wb") as log:
            self._qemu = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(self.console_fd, self.emulator_fd, self.command_fd),
                preexec_fn=_set_up_child)
        for fd in (self.console_fd, self.emulator_fd):
            os.close(fd)
        line_end.close()
        timeout = self.options.timeout
        self._deadline = self._start + timeout if timeout else float("inf")
        try:
            self._loop()
        finally:
            self._clean_up()
        return self._verdict()

    def _prepare_streams(self):
        self._line, line_end = socket.socketpair()
        self.command_fd = line_end.fileno()
        console_read, self.console_fd = os.pipe()
        emulator_read, self.emulator_fd = os.pipe()
        self._logs = []
        for fd, path, look in ((console_read, self.console_log, self._console_line),
                               (emulator_read, self.emulator_log, self._emulator_line)):
            lines = console.Lines(open(path, "wb"), look)
            self._logs.append((fd, lines))
            self._selector.register(fd, selectors.EVENT_READ,
                                    lambda fd=fd, lines=lines: self._read_log(fd, lines))
        self._selector.register(self._line, selectors.EVENT_READ, self._read_line)
        return line_end

    def _read_log(self, fd, lines):
        data = os.read(fd, 65536)
        if data:
            lines.feed(data)
        else:
            lines.end()
            self._selector.unregister(fd)

    def _read_line(self):
        try:
            data = self._line.recv(65536)
        except OSError:
            data = b""
        if data:
            self._from_command(data)
        else:
            self._selector.unregister(self._line)

    def _loop(self):
        if self.options.interactive:
            self._raw_terminal()
            self._watch_input()
        ended = os.pidfd_open(self._qemu.pid)
        self._selector.register(ended, selectors.EVENT_READ, None)
        running = True
        while running and not self.left:
            left = self._deadline - time.monotonic()
            if left <= 0:
                self.reason = self.reason or (
                    f"the command has ended, but for {STANDSTILL} s the host made no progress in "
                    "powering off" if self.status is not None else "timed out")
                break
            for key, _ in self._selector.select(None if left == float("inf") else left):
                if key.data:
                    key.data()
                else:
                    running = False
        os.close(ended)
        self._selector.unregister(ended)

    def _raw_terminal(self):
        if os.isatty(0):
            self._terminal = termios.tcgetattr(0)
            tty.setraw(0)

    def _clean_up(self):
        if self._terminal:
            termios.tcsetattr(0, termios.TCSADRAIN, self._terminal)
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        # What was still in the pipes when QEMU ended.
        for fd, lines in self._logs:
            os.set_blocking(fd, False)
            try:
                while data := os.read(fd, 65536):
                    lines.feed(data)
            except BlockingIOError:
                pass
            lines.end()
        if not self.options.interactive:
            self._line.setblocking(False)
            try:
                while data := self._line.recv(65536):
                    self._from_command(data)
            except OSError:
                pass
        self.initramfs.unlink(missing_ok=True)

    def _verdict(self):
        if self._qemu.returncode == qemu.EXIT_BROKEN and not self.trouble:
            self.trouble.append("the emulator ended the run: one of its invariants broke")
        if self.trouble:
            return HOST_BROKEN
        if self.left:
            return 0
        if self.reason == "timed out":
            return TIMED_OUT
        if self.reason:
            return PLATFORM_FAILED
        if self.status is None:
            self.reason = self.cause or self._qemu_complaint() or \
                f"the machine ended before the command did (QEMU's exit status " \
                f"{self._qemu.returncode})"
            return PLATFORM_FAILED
        for number, spec in enumerate(self.options.fault, 1):
            if number not in self._faults:
                self._notice(f"--fault {spec} never acted: the host made no such SEAMCALL, or not "
                             "as often, or an earlier --fault answered it")
        if missing := self.files.missing():
            self.reason = f"--get: not in the host: {' '.join(missing)}"
            return self.status or PLATFORM_FAILED
        return self.status

    def _qemu_complaint(self):
        """The first thing that QEMU itself said, when it is what failed."""
        said = (self.directory / "qemu.log").read_text(errors="replace").splitlines()
        return f"QEMU does not run: {said[0].partition(': ')[2] or said[0]}" \
            if said and self._qemu.returncode == 1 else None


def _tell(line):
    print(line, file=sys.stderr, flush=True)


def _write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]
    if fd == 1:
        sys.stdout.flush()

# SPDX-License-Identifier: GPL-2.0-only
"""A TDX host made of files, images for it, and the tool that is run on it.

The files do not change by themselves: an upload is over as soon as it has begun, with
the outcome that the test has put there. A test that needs more changes them itself, see
kernel.py. A real kernel is met on the emulated host, by tests/scenarios/module_tool.
"""

import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/arch/x86/tdx-module"
PAGE = 4096
SAPPHIRE_RAPIDS, GRANITE_RAPIDS = 0x806F8, 0xA06D0
TIMEOUT = 120

CPUINFO = """processor\t: {cpu}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R)
stepping\t: 8

"""


def image(module=b"a module", version=None, svn=0x0105, cpus=(SAPPHIRE_RAPIDS,), pages=2,
          module_type=0, checksum=True):
    """The content of an image; version as (major, minor, update, build)."""
    body = (module * pages * PAGE)[:pages * PAGE]
    sigstruct = bytearray(PAGE)
    struct.pack_into("<I", sigstruct, 12, module_type)
    sigstruct[900:948] = hashlib.sha384(body).digest()
    struct.pack_into("<H", sigstruct, 948, svn)
    if version:
        major, minor, update, build = version
        struct.pack_into("<HBBH", sigstruct, 1000, update, minor, major, build)
    struct.pack_into(f"<I{len(cpus)}I", sigstruct, 1024, len(cpus), *cpus)
    header = bytearray(PAGE)
    struct.pack_into("<HH8sII", header, 0, 0x0200, 0, b"TDX-BLOB", 1, pages)
    whole = header + sigstruct + body
    if checksum:
        total = sum(struct.unpack(f"<{len(whole) // 2}H", whole))
        struct.pack_into("<H", whole, 2, -total & 0xFFFF)
    return bytes(whole)


def mrseam(content):
    return hashlib.sha384(content[2 * PAGE:]).hexdigest()


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Host:
    """The host's files; the patched kernel's unless told otherwise."""

    def __init__(self, tool, *, stock=False, cpus=2, **files):
        self.tool = tool
        self.path = Path(tempfile.mkdtemp(prefix="tdx-tool-"))
        self.path.chmod(0o755)
        self.images = self.path / "images"
        self.images.mkdir()
        self.tdx("version", "1.5.05")
        self.tdx("seamldr_version", "1.5.00")
        self.tdx("num_remaining_updates", "63")
        self.upload = self.path / "sys/class/firmware/tdx_module"
        for name, text in (("loading", "0"), ("data", ""), ("status", "idle"), ("error", ""),
                           ("cancel", "")):
            self.write(self.upload / name, text)
        if not stock:
            self.tdx("mrseam", "00" * 48)
            self.tdx("svn", "0x0105")
            self.tdx("update_state", "idle")
            self.tdx("update_result", "none")
            self.tdx("update_status", "0x0000000000000000")
            self.tdx("update_duration_us", "12345")
            self.tdx("update_stop_us", "678")
            self.tdx("update_wait_ms", "5000")
            self.tdx("builds_in_flight", "0")
        system = self.path / "sys/devices/system/cpu"
        self.write(system / "present", f"0-{cpus - 1}")
        self.write(system / "online", f"0-{cpus - 1}")
        self.write(self.path / "proc/cpuinfo", "".join(CPUINFO.format(cpu=cpu)
                                                       for cpu in range(cpus)))
        for name, text in files.items():
            self.tdx(name, text)

    @staticmethod
    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text + "\n" if text else "")
        new.rename(path)	# the tool may be reading it

    def tdx(self, name, text):
        """A file of the tdx_host device; None takes it away."""
        path = self.path / "sys/devices/faux/tdx_host" / name
        if text is None:
            path.unlink()
        else:
            self.write(path, text)

    def get(self, name):
        return (self.path / "sys/devices/faux/tdx_host" / name).read_text().strip()

    @property
    def check(self):
        return self.path / "sys/class/firmware/tdx_module_check"

    def add_check(self, error="", result="none"):
        """The kernel has a check; how the next one ends."""
        for name, text in (("loading", "0"), ("data", ""), ("status", "idle"), ("error", error)):
            self.write(self.check / name, text)
        self.tdx("check_result", result)

    def lose_module(self):
        """There is no version any more: reading a socket fails with ENXIO, too."""
        self.tdx("version", None)
        with socket.socket(socket.AF_UNIX) as file:
            file.bind(str(self.path / "sys/devices/faux/tdx_host/version"))

    def runs(self, content):
        """The module of that image is the one that runs."""
        self.tdx("mrseam", mrseam(content))

    def add(self, name, content):
        path = self.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def ends_with(self, error, result=None, state=None):
        """How the next upload ends."""
        self.write(self.upload / "error", error)
        if result:
            self.tdx("update_result", result)
        if state:
            self.tdx("update_state", state)

    def start(self, *arguments, **more):
        environment = dict(os.environ, TDX_MODULE_ROOT=str(self.path), LC_ALL="C")
        command = [str(self.tool), *map(str, arguments)]
        if "--dir" not in command and arguments[0] != "watch":
            command[2:2] = ["--dir", str(self.images)]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, **more)

    def run(self, *arguments, user=None):
        with self.start(*arguments, user=user, text=True, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        return Done(process.returncode, out, err)

    def close(self):
        shutil.rmtree(self.path)


def same(what, expected, actual):
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r}, but it is {actual!r}")


def holds(what, part, text):
    if part not in text:
        raise AssertionError(f"{what}: no {part!r} in {text!r}")

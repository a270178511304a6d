# SPDX-License-Identifier: GPL-2.0-only
"""make kernel: nothing half-made is taken for whole, and it tells how far it is.

The kernel is a Makefile with the goals that the builder asks for, and one object.
"""

import os
import signal
import subprocess
import sys
import time

from test_refusals import guards

# Run in the kernel's source, with O= the directory of the objects.
KERNEL = """\
all: bzImage modules
tinyconfig: ; : >$(O)/.config
olddefconfig modules modules_install: ;
bzImage: $(O)/a.o $(O)/b.o
$(O)/%.o: ; @echo '  CC      $*.o'; $(WAIT) printf whole >$@; : >$(O)/.$*.o.cmd
"""
# What stands still, deaf to everything but SIGKILL, until the file `go` is there.
WAIT = "trap '' TERM; touch $(O)/begun; while [ ! -e $(O)/go ]; do sleep 0.05; done;"


class TinyKernel:
    def __init__(self, tiny):
        self.tiny = tiny
        self.build = os.path.join(tiny.directory, "build")
        self.objects = os.path.join(self.build, "kernel/stock")
        self.tool = os.path.join(tiny.tool, "../kernel")
        self.source("")

    def source(self, wait):
        self.tiny.put(self.build, "base/Makefile", KERNEL.replace("$(WAIT)", wait))
        self.tiny.put(self.build, "base.stamp", "tiny\n")

    def start(self):
        return subprocess.Popen([sys.executable, "-B", self.tool, "stock"],
                                env=dict(os.environ, BUILD=self.build),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                universal_newlines=True)

    def run(self):
        with self.start() as process:
            text = process.communicate()[0]
        assert process.returncode == 0, text
        return text

    def get(self, name):
        return self.tiny.get(self.objects, name)

    def put(self, name, text=""):
        self.tiny.put(self.objects, name, text)

    def python(self, code):
        return subprocess.run([sys.executable, "-B", "-c", code], check=True,
                              env=dict(os.environ, PYTHONPATH=self.tool),
                              stdout=subprocess.PIPE, universal_newlines=True).stdout


def until(true, what):
    end = time.monotonic() + 600
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@guards("../kernel/build.py", "return file.read().strip() == inputs", "return False")
def test_kernel_is_built_when_its_inputs_changed(tiny):
    kernel = TinyKernel(tiny)
    assert "done, 2 objects" in kernel.run()
    assert "up to date" in kernel.run()
    tiny.put(kernel.build, "base.stamp", "another\n")
    assert "done, 0 objects" in kernel.run()


@guards("../kernel/build.py", "            os.unlink(self.stamp)\n", "            pass\n")
def test_kernel_that_fails_is_not_complete(tiny):
    kernel = TinyKernel(tiny)
    kernel.run()
    os.unlink(os.path.join(kernel.objects, "a.o"))
    kernel.source("exit 1;")
    tiny.put(kernel.build, "base.stamp", "another\n")
    with kernel.start() as process:
        text = process.communicate()[0]
    assert process.returncode == 1 and "compiling failed" in text, text
    tiny.put(kernel.build, "base.stamp", "tiny\n")
    kernel.source("")
    assert "done, 1 objects" in kernel.run()


@guards("../kernel/build.py", "os.path.realpath(self.objects) != own", "False")
def test_kernel_of_another_tree_is_not_written_to(tiny):
    kernel = TinyKernel(tiny)
    elsewhere = os.path.join(tiny.directory, "elsewhere")
    os.makedirs(elsewhere)
    os.symlink(elsewhere, os.path.join(kernel.build, "kernel"))
    with kernel.start() as process:
        text = process.communicate()[0]
    assert process.returncode == 1 and "Remove the link" in text, text
    assert not os.listdir(elsewhere)


@guards("../kernel/build.py", "pass_fds=(self.lock_file.fileno(),),", "")
def test_kernel_waits_for_what_a_killed_build_left_running(tiny):
    kernel = TinyKernel(tiny)
    kernel.source(WAIT)
    with kernel.start() as first:
        until(lambda: kernel.get("begun") is not None, "the first one does not begin")
        first.send_signal(signal.SIGKILL)
        kernel.source("")
        with kernel.start() as second:
            line = second.stdout.readline()
            kernel.put("go")
            text = line + second.communicate()[0]
        assert second.returncode == 0 and "waiting for another" in line, text


@guards("../kernel/build.py", "status.st_mtime > last - 10", "False")
def test_kernel_makes_anew_what_a_killed_build_may_have_left_half_made(tiny):
    kernel = TinyKernel(tiny)
    kernel.run()
    os.unlink(os.path.join(kernel.objects, ".complete"))
    kernel.put(".running")
    kernel.put("a.o", "ha")
    kernel.put("b.o", "of the hour before")
    os.utime(os.path.join(kernel.objects, "b.o"), (1, 1))
    kernel.run()
    assert kernel.get("a.o") == "whole", kernel.get("a.o")
    assert kernel.get("b.o") == "of the hour before"
    assert kernel.get(".running") is None


@guards("../kernel/build.py", "seconds / made * (self.left - made)", "seconds")
def test_estimate_of_what_is_left(tiny):
    kernel = TinyKernel(tiny)
    lines = kernel.python(
        "from build import Estimate\n"
        "for present, made, seconds in ((0, 10, 5), (0, 100, 60), (400, 950, 300), "
        "(400, 1001, 300), (1390, 7, 60)):\n"
        "    print(Estimate(present, 1400).text(made, seconds))").splitlines()
    assert lines == ["10 of about 1400 objects",
                     "100 of about 1400 objects, about 13 min left",
                     "950 of about 1000 objects, less than a minute left",
                     "1001 objects",
                     "7 objects"], lines

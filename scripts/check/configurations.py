# SPDX-License-Identifier: GPL-2.0-only
"""What the series touches, compiled by clang and in the configurations that matter.

The build robots of the kernel community do the same with whole kernels. Here only the
objects of the series are compiled, and one directory serves all configurations of a
compiler: what does not depend on the configuration is made once.
"""

import os
import re
import shutil
import subprocess
from collections import Counter

from build import Kernel
from gitrepo import Failure
from objects import findings, sources

# Each is put on top of what make check compiles anyway. An option that depends on one
# that is off goes with it.
CONFIGURATIONS = {
    "no-kvm": ["# CONFIG_VIRTUALIZATION is not set"],
    "kvm-builtin": ["CONFIG_KVM=y", "CONFIG_KVM_INTEL=y", 'CONFIG_INTEL_TDX_MODULE_UPDATE_BOOT="on"'],
    "no-kvm-tdx": ["# CONFIG_KVM_INTEL_TDX is not set"],
    "no-tdx": ["# CONFIG_INTEL_TDX_HOST is not set"],
    "no-updates": ["# CONFIG_INTEL_TDX_MODULE_UPDATE is not set"],
    "no-tdx-host": ["# CONFIG_TDX_HOST_SERVICES is not set", "# CONFIG_FW_UPLOAD is not set"],
    "no-tracing": ["# CONFIG_FTRACE is not set"],
    "no-kunit": ["# CONFIG_KUNIT is not set"],
    "no-smp": ["# CONFIG_SMP is not set"],
    "no-hotplug-no-printk": ["# CONFIG_HOTPLUG_CPU is not set", "# CONFIG_PRINTK is not set"],
    "no-modules": ["# CONFIG_MODULES is not set", "CONFIG_KVM=y", "CONFIG_KVM_INTEL=y"],
    "numa-memory-hotplug": ["CONFIG_NUMA=y", "CONFIG_MEMORY_HOTPLUG=y", "CONFIG_MEMORY_HOTREMOVE=y",
                            "CONFIG_SPARSEMEM_VMEMMAP=y", "CONFIG_KEXEC=y", "CONFIG_SUSPEND=y"],
    "rt-lockdep": ["CONFIG_PREEMPT_RT=y", "CONFIG_DEBUG_KERNEL=y", "CONFIG_PROVE_LOCKING=y"],
    "allmodconfig": None,
}
# The kernel says which is the oldest clang that it takes; both releases of Debian have this.
CLANG = "clang-19"

# Prints the lists of objects that a Makefile of kbuild leaves.
NAMES = """
-include %(configuration)s
include %(makefile)s
$(foreach name,$(filter %%-y %%-m %%-objs,$(.VARIABLES)),$(info $(name) $($(name))))
all: ;
"""


class Variant(Kernel):
    """One configuration and one compiler."""

    def __init__(self, tree, lines=(), compiler="gcc", base=False):
        super().__init__("check-%s%s" % ("base-" if base else "", compiler), tree)
        self.lines = lines
        self.compiler = compiler
        self.named = {}		# (directory above, directory): its objects
        self.compiled = 0

    def make_arguments(self):
        arguments = [word for word in super().make_arguments() if not word.startswith("CC=")]
        ccache = "ccache " if shutil.which("ccache") else ""
        return arguments + ["CC=%s%s" % (ccache, self.compiler)]

    def configure(self, log):
        config = os.path.join(self.objects, ".config")
        if self.lines is None:
            # What only takes time to make ready, and says nothing about these files.
            self.make(log, "configuring", "allmodconfig")
            lines = ["# CONFIG_WERROR is not set", "# CONFIG_GCC_PLUGINS is not set",
                     "# CONFIG_DEBUG_INFO_BTF is not set", "# CONFIG_RUST is not set",
                     "# CONFIG_MODULE_SIG is not set", "CONFIG_DEBUG_INFO_NONE=y"]
            wanted = []
        else:
            self.make(log, "configuring", "tinyconfig")
            lines = wanted = self.lines
            for path in self.fragments:
                with open(path) as fragment, open(config, "a") as out:
                    out.write(fragment.read())
        with open(config, "a") as out:
            out.write("".join(line + "\n" for line in lines))
        self.make(log, "configuring", "olddefconfig")
        with open(config) as file:
            text = file.read()
        for line in wanted:
            option = re.search(r"CONFIG_\w+", line).group()
            # One that is off may not be offered at all.
            if line not in text.splitlines() and not (
                    line.startswith("#") and "\n%s=" % option not in text):
                raise Failure("configuration %s: %s did not stay" % (self.name, line))

    def objects_of(self, directory):
        """What the Makefile of a directory names in this configuration: make itself says it."""
        makefile = next((name for name in ("Kbuild", "Makefile") if
                         os.path.exists(os.path.join(self.source, directory, name))), None)
        if not makefile:
            return set()
        done = subprocess.run(
            ["make", "-s", "-f", "-", "srctree=" + self.source, "src=" + directory, "obj=" + directory],
            cwd=self.source, input=NAMES % {"configuration": os.path.join(
                self.objects, "include/config/auto.conf"), "makefile": os.path.join(directory, makefile)},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        parts = {}
        for line in done.stdout.splitlines():
            name, _, words = line.partition(" ")
            parts.setdefault(re.sub("-(y|m|objs)$", "", name), []).extend(words.split())
        named = set(parts.get("obj", ()))
        for name in list(named):	# those that are made of several
            named.update(parts.get(name[:-2], ()) if name.endswith(".o") else ())
        return named

    def enabled(self, path):
        """Whether this configuration compiles that file, were the whole kernel built."""
        directory, name = os.path.split(path)
        above, below = os.path.split(directory)
        if (above, below) not in self.named:
            self.named[above, below] = self.objects_of(directory) \
                if below + "/" in self.objects_of(above) else set()
        return name[:-2] + ".o" in self.named[above, below]

    def compile(self, paths, *checks):
        """Compile what of these files belongs to the configuration; what was said."""
        self.lock()
        self.link_source()
        with open(self.log, "wb") as log:
            self.configure(log)
            self.make(log, "preparing", "prepare", "modules_prepare")
            start = log.tell()
            targets = [path[:-2] + ".o" for path in paths if self.enabled(path)]
            for target in targets:
                where = os.path.join(self.objects, target)
                if os.path.exists(where):
                    os.unlink(where)
            try:
                if targets:
                    self.make(log, "compiling", "-k", *checks, *targets)
            except Failure:
                if not findings(self.log, start):
                    raise		# else it is they that say why
        self.compiled = len(targets)
        return findings(self.log, start)


def compare(context, what, lines, compiler, *checks):
    """Yields what the base does not say too."""
    paths = sources(context.tree, context.touched)
    variant = Variant(context.tree, lines, compiler)
    found = variant.compile(paths, *checks)
    context.say("  %s: %d of %d files compiled" % (what, variant.compiled, len(paths)))
    if not found:
        return
    hooked = sources(context.base, context.hooked)
    known = Counter((path, text) for path, _, text
                    in Variant(context.base, lines, compiler, base=True).compile(hooked, *checks))
    for path, number, text in found:
        if known[path, text]:
            known[path, text] -= 1
        else:
            yield "%s:%s: %s (%s)" % (path, number, text, what)


def clang(context):
    if not shutil.which(CLANG):
        raise Failure("there is no %s; scripts/setup check installs it" % CLANG)
    yield from compare(context, CLANG, [], CLANG, "W=1")


def configurations(context):
    for name, lines in CONFIGURATIONS.items():
        yield from compare(context, name, lines, "gcc")

# SPDX-License-Identifier: GPL-2.0-only
"""Which kernel is booted, and which of its modules the host needs."""

import gzip
import lzma
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import TdxHostError

# In dependency order, with parameters. One that is built in is simply not found;
# its parameters are on the kernel's command line in any case.
WANTED = (("irqbypass", ""), ("kvm", ""), ("kvm-intel", "tdx=1"), ("tdx-host", ""))
COMMAND_LINE = ("kvm_intel.tdx=1",)

DECOMPRESS = {".xz": lzma.open, ".gz": gzip.open}


@dataclass
class Module:
    name: str
    path: Path
    parameters: str

    def content(self):
        """The module as the kernel loads it: no compression, no debug sections."""
        if self.path.suffix in DECOMPRESS:
            with DECOMPRESS[self.path.suffix](self.path) as file:
                return file.read()
        if self.path.suffix == ".zst":
            try:
                return subprocess.run(["zstd", "-dcq", self.path], check=True,
                                      capture_output=True).stdout
            except FileNotFoundError:
                raise TdxHostError(f"{self.path}: unpack the kernel's modules, or install zstd") \
                    from None
        return self.path.read_bytes()


@dataclass
class Kernel:
    image: Path
    modules: list
    name: str

    @property
    def vmlinux(self):
        """The kernel with symbols, if it is a build tree of ours."""
        path = self.image.parents[3] / "vmlinux"
        return path if path.exists() else None


def _tree_of(image):
    """The build tree that an image stands in, if it does."""
    tree = image.resolve().parents
    return tree[3] if len(tree) > 3 and (tree[3] / "modules.order").exists() else None


def _installed_modules(image):
    """/lib/modules/VERSION for a distribution's /boot/vmlinuz-VERSION."""
    match = re.match(r"vmlinuz-(.+)", image.name)
    if not match:
        return None
    for base in (image.resolve().parents[1], Path("/")):
        directory = base / "lib/modules" / match.group(1)
        if directory.is_dir():
            return directory
    return None


def _plain(path):
    """Module name of a file: no suffixes, and - for _."""
    return re.sub(r"\.ko(\.\w+)?$", "", path.name).replace("_", "-")


def _module_dependencies(directory, files):
    """Name -> names that it needs, of a directory with a modules.dep."""
    table = directory / "modules.dep"
    if not table.exists():
        return {}
    found = {}
    for line in table.read_text().splitlines():
        target, _, needed = line.partition(":")
        found[_plain(Path(target))] = [_plain(Path(name))
                                       for name in reversed(needed.split())]
    return found


def _modules(directory):
    if directory is None:
        return []
    files = {_plain(path): path for path in sorted(directory.rglob("*.ko*"))
             if re.search(r"\.ko(\.\w+)?$", path.name)}
    dependencies = _module_dependencies(directory, files)
    parameters = dict(WANTED)
    order = []
    for name, _ in WANTED:
        for needed in dependencies.get(name, []) + [name]:
            if needed in files and needed not in order:
                order.append(needed)
    return [Module(name, files[name], parameters.get(name, "")) for name in order]


def _from_tree(tree, name):
    if not (tree / "modules.order").exists():
        raise TdxHostError(f"{tree} has no modules.order: is its build finished?")
    # modules.order is read instead of the tree being searched: it is quick, and
    # a module left from an earlier configuration is not picked up.
    built = [tree / line.replace(".o", ".ko") if line.endswith(".o") else tree / line
             for line in (tree / "modules.order").read_text().split()]
    files = {_plain(path): path for path in built}
    modules = [Module(wanted, files[wanted], parameters)
               for wanted, parameters in WANTED if wanted in files]
    for module in modules:
        if not module.path.exists():
            raise TdxHostError(f"{module.path} is missing: is the kernel's build finished?")
    return Kernel(tree / paths.KERNEL_IMAGE, modules, name)


def find(choice, modules_directory=None):
    """The kernel for --kernel CHOICE; None when a named one is not built yet."""
    if choice in paths.NAMED_KERNELS:
        tree = paths.KERNELS / choice
        # What make kernel leaves when all is done, see scripts/kernel/build.py.
        if not (tree / ".complete").exists():
            return None
        return _from_tree(tree, choice)
    path = Path(choice)
    if path.is_dir() and (path / paths.KERNEL_IMAGE).exists():
        return _from_tree(path, str(path))
    if path.is_dir():
        raise TdxHostError(f"--kernel {choice}: there is no {paths.KERNEL_IMAGE} in it: was a kernel "
                           "built there?")
    if not path.is_file():
        raise TdxHostError(f"--kernel {choice}: neither one of {', '.join(paths.NAMED_KERNELS)} "
                           "nor a bzImage nor a kernel's build directory: there is no such file")
    with open(path, "rb") as file:
        if file.read(0x206)[0x202:] != b"HdrS":
            raise TdxHostError(f"--kernel {choice}: this is no bzImage; of a kernel that was built, "
                               f"name its directory or {paths.KERNEL_IMAGE} in it")
    if modules_directory:
        return Kernel(path, _modules(Path(modules_directory)), str(path))
    tree = _tree_of(path)
    if tree:
        kernel = _from_tree(tree, str(path))
        return Kernel(path, kernel.modules, str(path))
    return Kernel(path, _modules(_installed_modules(path)), str(path))

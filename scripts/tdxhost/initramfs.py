# SPDX-License-Identifier: GPL-2.0-only
"""The root file system of the emulated host, as an initramfs.

Archives, one behind the other: a base that depends only on the kernel and on what
is built here, cached by the hash of its content; the tree of --root, if there is one
(see root.py); and a small overlay with what belongs to this run. Uncompressed, as unpacking costs more than reading here.
"""

import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

from . import get, paths
from .cpio import Archive
from .errors import TdxHostError

DIRECTORIES = ("proc", "sys", "dev", "tmp", "root", "etc", "run", "mnt", "var/tmp",
               "bin", "sbin", "usr/bin", "usr/sbin", paths.FIRMWARE)


def busybox():
    """A statically linked busybox: its path, and the names it answers to."""
    # An archive brings it: there may be none here, and it may not run on this machine.
    if paths.PREBUILT.exists():
        return paths.BUSYBOX, paths.BUSYBOX.with_suffix(".names").read_text().split()
    for candidate in ("/bin/busybox", "/usr/bin/busybox"):
        if not os.path.exists(candidate):
            continue
        with open(candidate, "rb") as file:
            # A dynamically linked program names its interpreter near its start.
            if b"/ld-linux" in file.read(4096):
                continue
        names = subprocess.run([candidate, "--list"], check=True, text=True,
                               capture_output=True).stdout.split()
        return candidate, names
    raise TdxHostError("no statically linked busybox here; "
                       "install the package busybox-static (or run scripts/setup)")


def _image_files():
    """Module images by their path below the firmware directory."""
    images = paths.EMULATOR / "images"
    found = {path.name: path for path in sorted(images.glob("*.blob"))}
    found.update({f"broken/{path.name}": path
                  for path in sorted((images / "broken").glob("*.blob"))})
    return found


def _guest_programs():
    return {path.name: path for path in sorted(paths.GUEST_BUILD.glob("*"))
            if path.is_file() and os.access(path, os.X_OK)}


def _inputs(modules):
    """Everything in the base: destination -> (mode, content)."""
    program, names = busybox()
    files = {"bin/busybox": (0o755, Path(program).read_bytes()),
             "init": (0o755, (paths.GUEST_SOURCE / "init").read_bytes())}
    for name, path in _guest_programs().items():
        place = "tdxhost/agent" if name == "agent" else f"usr/bin/{name}"
        files[place] = (0o755, path.read_bytes())
    for path in sorted(paths.GUEST_TESTS.glob("*.sh")):
        files[f"usr/bin/{path.name}"] = (0o755, path.read_bytes())
    for name, path in _image_files().items():
        files[f"{paths.FIRMWARE}/{name}"] = (0o644, path.read_bytes())
    lines = []
    for module in modules:
        files[f"lib/modules/{module.name}.ko"] = (0o644, module.content())
        lines.append(f"/lib/modules/{module.name}.ko {module.name.replace('-', '_')} "
                     f"{module.parameters}".rstrip())
    files["tdxhost/modules"] = (0o644, "".join(line + "\n" for line in lines).encode())
    return files, names


def _digest(files, names):
    digest = hashlib.sha256(" ".join(names).encode())
    for place, (mode, content) in sorted(files.items()):
        digest.update(f"{place}\0{mode:o}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:24]


def base(modules):
    """The base archive for these kernel modules."""
    files, names = _inputs(modules)
    path = paths.INITRAMFS_CACHE / f"{_digest(files, names)}.cpio"
    if path.exists():
        return path.read_bytes()
    archive = Archive()
    for directory in DIRECTORIES:
        archive.directory(directory)
    # The kernel wants a console before init has mounted /dev.
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3, 0o666)
    for name in names:
        if name != "busybox":
            archive.symlink(f"bin/{name}", "busybox")
    for place, (mode, content) in files.items():
        archive.file(place, content, mode)
    archive.file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    content = archive.bytes()
    try:
        keep(path, content)
    except PermissionError:
        pass		# another user's build/: it works without the cache
    return content


def keep(path, content):
    """Put an archive into the cache."""
    paths.INITRAMFS_CACHE.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(content)
    temporary.rename(path)
    _forget_old()


def _forget_old(keep=12):
    archives = sorted(paths.INITRAMFS_CACHE.glob("*.cpio"),
                      key=lambda path: path.stat().st_mtime)
    for path in archives[:-keep]:
        path.unlink(missing_ok=True)


def _add(archive, spec):
    """One --add FILE[:DESTINATION]; a directory is added with all below it."""
    source, _, destination = spec.partition(":")
    source = Path(source)
    if not source.exists():
        raise TdxHostError(f"--add {spec}: there is no {source}")
    if not destination:
        destination = f"root/{source.name}"
    elif destination.endswith("/"):
        destination += source.name
    if not source.is_dir():
        archive.file(destination, source.read_bytes(), stat.S_IMODE(source.stat().st_mode))
        return
    archive.directory(destination, stat.S_IMODE(source.stat().st_mode))
    for path in sorted(source.rglob("*")):
        _add_below(archive, source, path, f"{destination}/{path.relative_to(source)}")


def _add_below(archive, top, path, place):
    """What a directory holds, empty directories too; a file outside is taken for its link."""
    if path.is_symlink() and not (path.is_file() and
                                  not path.resolve().is_relative_to(top.resolve())):
        archive.symlink(place, os.readlink(path))
    elif path.is_dir():
        archive.directory(place, stat.S_IMODE(path.stat().st_mode))
    elif path.is_file():
        archive.file(place, path.read_bytes(), stat.S_IMODE(path.stat().st_mode))


def overlay(command, interactive, added, symlinks=(), wanted=b""):
    """The archive of this run: the command and the files that were added."""
    archive = Archive()
    archive.file("tdxhost/command", b"".join(os.fsencode(word) + b"\0"
                                             for word in command))
    if interactive:
        size = shutil.get_terminal_size()
        archive.file("tdxhost/interactive", f"{size.lines} {size.columns} "
                     f"{os.environ.get('TERM', 'dumb')}\n".encode())
    for spec in added:
        _add(archive, spec)
    if wanted:
        archive.file(get.LIST, wanted)
    for name, target in symlinks:
        archive.symlink(name, target)
    return archive.bytes()


def assemble(path, modules, top, tree=b""):
    """Write the initramfs of this run, with the overlay on top, to path."""
    with open(path, "wb") as file:
        file.write(base(modules))
        file.write(tree)
        file.write(top)

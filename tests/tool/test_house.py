# SPDX-License-Identifier: GPL-2.0-only
"""The command line, its manual page, its completion, and the fuzzer."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from host import Host, TOOL, holds, image, same

RUNS = int(os.environ.get("TDX_TOOL_FUZZ_RUNS", "20000"))


def test_usage(tool):
    """A wrong command line: status 1, one line that says what is wrong."""
    host = Host(tool)
    for arguments, sentence in (((), "a command is missing"),
                                (("display",), "there is no command display"),
                                (("show", "all"), "too many arguments: all"),
                                (("check",), "this command needs an image"),
                                (("update",), "needs an image or a version"),
                                (("update", "--to-latest", "1.5.06"), "or else --to-latest"),
                                (("show", "--wait", "3"), "are for update"),
                                (("update", "x", "--wait", "3601"), "from 0 to 3600"),
                                (("show", "--colour"), "--colour")):
        environment = dict(os.environ, TDX_MODULE_ROOT=str(host.path))
        done = subprocess.run([str(tool), *arguments], capture_output=True, text=True,
                              env=environment, check=False)
        same(f"{arguments}: exit status", 1, done.returncode)
        holds(f"{arguments}: sentence", sentence, done.stderr)
        same(f"{arguments}: standard output", "", done.stdout)
        same(f"{arguments}: lines", 1, done.stderr.count("\n"))
    same("--help", 0, host.run("show", "--help").status)
    host.close()


def names(value):
    """The keys of JSON, at all levels."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from names(below)
    if isinstance(value, list):
        for below in value:
            yield from names(below)


def test_manual(tool):
    """Renders without a warning, and has every option and every member of the JSON."""
    page = TOOL / "tdx-module.8"
    done = subprocess.run(["man", "--warnings=all", "--nh", "--nj", "-l", str(page)],
                          capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", MANPAGER="cat", MANWIDTH="400"))
    same("warnings", "", done.stderr)
    same("exit status", 0, done.returncode)
    text = done.stdout.replace("‐", "-")
    for option in re.findall(r'{ "([a-z-]+)",\s+\w+_argument', (TOOL / "main.c").read_text()):
        if option != "help":
            holds("options", "--" + option, text)
    host = Host(tool)
    path = host.add("1.5.06.blob", image())
    for command in (("show",), ("list",), ("check", path), ("update", path)):
        for name in names(host.run(*command, "--json").json):
            holds(f"JSON of {command[0]}", name, text)
    host.close()


COMPLETE = r"""
. /usr/share/bash-completion/bash_completion
. "$1"; shift
COMP_WORDS=(tdx-module "$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE="${COMP_WORDS[*]}"
COMP_POINT=${#COMP_LINE}
_tdx_module
printf '%s\n' "${COMPREPLY[@]}"
"""


def test_completion(tool):
    """Commands, options, images, versions."""
    host = Host(tool)
    host.add("tdx_module_1.5.08.blob", image())

    def complete(*words):
        done = subprocess.run(["bash", "-c", COMPLETE, "complete",
                               str(TOOL / "tdx-module.bash-completion"), *map(str, words)],
                              capture_output=True, text=True, check=False)
        same("standard error", "", done.stderr)
        return set(done.stdout.split())
    same("commands", {"show", "list", "check", "update", "watch"}, complete(""))
    same("begun", {"update"}, complete("up"))
    same("options of update", {"--wait"}, complete("update", "--w"))
    same("not of show", set(), complete("show", "--w"))
    same("versions", {"1.5.08"}, complete("--dir", host.images, "update", "1.5"))
    same("images", {f"{host.images}/tdx_module_1.5.08.blob"}, complete("check", f"{host.images}/tdx"))
    host.close()


def test_install(tool):
    """make install puts everything where it belongs."""
    del tool
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["make", "-s", "-C", str(TOOL), f"O={os.environ['TDX_TOOL_OUT']}",
                        f"DESTDIR={directory}", "install"], check=True, capture_output=True)
        same("files", {"usr/sbin/tdx-module", "usr/share/man/man8/tdx-module.8",
                       "usr/share/bash-completion/completions/tdx-module"},
             {str(path.relative_to(directory)) for path in Path(directory).rglob("*")
              if path.is_file()})


def test_fuzz(tool):
    """What reads images, under a fuzzer with sanitizers."""
    del tool
    out = Path(os.environ["TDX_TOOL_OUT"])
    sources = [Path(__file__).with_name("fuzz_image.c"),
               *(TOOL / name for name in ("image.c", "sha384.c", "version.c"))]
    subprocess.run(["clang", "-O1", "-g", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                    "-Werror", f"-I{TOOL}", "-fsanitize=fuzzer,address,undefined",
                    "-fno-sanitize-recover=all", "-o", out / "fuzz_image", *sources], check=True)
    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory, "corpus")
        corpus.mkdir()
        (corpus / "good").write_bytes(image(pages=1))
        (corpus / "no-checksum").write_bytes(image(pages=1, checksum=False))
        done = subprocess.run([out / "fuzz_image", "-seed=1", f"-runs={RUNS}", "-max_len=20480",
                               "-timeout=60", f"-artifact_prefix={out}/", corpus],
                              capture_output=True, text=True, check=False)
        same(done.stderr[-2000:], 0, done.returncode)
        shutil.rmtree(corpus)

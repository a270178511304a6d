# SPDX-License-Identifier: GPL-2.0-only
"""The command line, its manual page, its completion, and the fuzzer."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from host import Host, ROOT, TOOL, holds, image, mrseam, same

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
                                (("show", "--wait", "3"), "show takes no --wait"),
                                (("watch", "--dir", "x"), "watch takes no --dir"),
                                (("check", "x", "--to-latest"), "check takes no --to-latest"),
                                (("update", "x", "--wait", "3", "--no-wait"), "contradict"),
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
    host = Host(tool)
    for option in re.findall(r'{ "([a-z-]+)",\s+\w+_argument', (TOOL / "main.c").read_text()):
        holds("options", "--" + option, text)
        holds("--help has it", f"  --{option}", host.run("show", "--help").out)
    path = host.add("1.5.06.blob", image())
    for command in (("show",), ("list",), ("check", path), ("update", path)):
        for name in names(host.run(*command, "--json").json):
            holds(f"JSON of {command[0]}", name, text)
    host.close()


IMAGE = "path version build svn mrseam defect"
LAST = "last_update result phase reason seamcall_status duration_us stop_us"
ALL = "command outcome status phase reason message"
HOST = "version mrseam svn updates_left"
# What the manual promises to keep. Add to it; take nothing away.
MEMBERS = {
    "show": f"{ALL} module usable version mrseam svn build image seamldr_version updates_left "
            f"cpus_offline can_update can_check keeps_builds_safe state builds_in_flight wait_ms {LAST}",
    "list": f"{ALL} directory images {IMAGE} verdict reason message",
    "check": f"{ALL} image {IMAGE} by_kernel",
    "update": f"{ALL} image {IMAGE} before after {HOST} verified {LAST}",
}


def test_members(tool):
    """The JSON has the members that it had, whatever the host is and the outcome."""
    for stock in (False, True):
        host = Host(tool, stock=stock)
        path = host.add("1.5.06.blob", image())
        for command, members in MEMBERS.items():
            arguments = {"check": [path], "update": [path]}.get(command, [])
            done = host.run(command, *arguments, "--json")
            same(f"{command}, stock={stock}", set(members.split()), set(names(done.json)))
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


def command_options(tool):
    """Of each command the options that the tool takes, by asking it where there is no host."""
    text = (TOOL / "main.c").read_text()
    options = dict(re.findall(r'{ "([a-z-]+)",\s+(no|required)_argument', text))
    for command in re.findall(r'{ "(\w+)",\s+command_', text):
        taken = set()
        for option, kind in options.items():
            done = subprocess.run([str(tool), command, f"--{option}", *["3"] * (kind == "required")],
                                  capture_output=True, text=True, check=False,
                                  env=dict(os.environ, TDX_MODULE_ROOT="/nowhere"))
            if f"takes no --{option}" not in done.stderr:
                taken.add("--" + option)
        yield command, taken


def test_completion(tool):
    """Commands, options, images, versions: all that the tool takes, and nothing else."""
    host = Host(tool)
    host.add("tdx_module_1.5.08.blob", image())

    def complete(*words):
        done = subprocess.run(["bash", "-c", COMPLETE, "complete",
                               str(TOOL / "tdx-module.bash-completion"), *map(str, words)],
                              capture_output=True, text=True, check=False)
        same("standard error", "", done.stderr)
        return set(done.stdout.split())
    taken = dict(command_options(tool))
    same("commands", set(taken), complete(""))
    for command, options in taken.items():
        same(f"options of {command}", options, complete(command, "--"))
    same("begun", {"update"}, complete("up"))
    same("options of update", {"--wait"}, complete("update", "--w"))
    same("not of show", set(), complete("show", "--w"))
    for command in ("check", "update"):
        same(f"versions for {command}", {"1.5.08"}, complete("--dir", host.images, command, "1.5"))
    same("images", {f"{host.images}/tdx_module_1.5.08.blob"}, complete("check", f"{host.images}/tdx"))
    host.close()


def document(host):
    """The document for operators, with files that exist here instead of the host's."""
    text = (ROOT / "Documentation/arch/x86/tdx-module-tool.rst").read_text()
    approved = host.path / "approved"
    approved.write_text(f"{mrseam(image())}\n")
    return text.replace("/etc/tdx/approved", str(approved))


def test_document(tool):
    """The command lines that the documents show are right: there is just no host here."""
    host = Host(tool)
    text = document(host)
    shown = re.findall(r"^  ExecStart=/usr/sbin/(tdx-module .*)$", text, re.M)
    shown += [found.replace(",", "") for found in re.findall(r"argv: \[(tdx-module, .*)\]", text)]
    shown += [line.replace("\\-", "-").partition("|")[0].replace("/etc/tdx/approved", "/dev/null")
              for line in re.findall(r"^(tdx\\-module [a-z].*)$", (TOOL / "tdx-module.8").read_text(), re.M)]
    same("command lines", 4, len(shown))
    for line in shown:
        done = subprocess.run([str(tool), *line.split()[1:]], capture_output=True, text=True,
                              check=False, env=dict(os.environ, TDX_MODULE_ROOT="/nowhere"))
        same(f"{line}: {done.stderr}", 5, done.returncode)
    host.close()


def test_units(tool):
    """systemd takes the unit and the timer that the document shows."""
    host = Host(tool)
    text = document(host).replace("/usr/sbin/tdx-module", str(tool))
    for name, block in re.findall(r"``/etc/systemd/system/([\w.-]+)``::\n\n((?:(?:  .*)?\n)+)", text):
        (host.path / name).write_text(re.sub("^  ", "", block, flags=re.M))
    files = sorted(host.path.glob("tdx-module-update.*"))
    same("files", ["tdx-module-update.service", "tdx-module-update.timer"],
         [file.name for file in files])
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files],
                              capture_output=True, text=True, check=False)
        same("complaints", "", "".join(line for line in done.stderr.splitlines(True)
                                       if "tdx-module-update" in line))
        same("exit status", 0, done.returncode)
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

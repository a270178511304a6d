# SPDX-License-Identifier: GPL-2.0-only
"""Each outcome of an update: exit status, sentence, JSON."""

import re

from host import ROOT, TOOL, Host, holds, image, mrseam, same

NEW = image(b"the new one")

# error of the upload, update_result, update_state, status, outcome, phase, reason, sentence
TABLE = """
preparing:firmware-invalid|refused:image:bad-checksum|idle|3|refused|image|bad-checksum|damaged: get it again
preparing:firmware-invalid|refused:image:bad-hash|idle|3|refused|image|bad-hash|damaged: get it again
preparing:firmware-invalid|refused:image:truncated|idle|3|refused|image|truncated|incomplete: get it again
preparing:firmware-invalid|refused:preflight:bad-signature|idle|3|refused|preflight|bad-signature|get it from Intel
preparing:firmware-invalid|refused:preflight:svn-downgrade|idle|3|refused|preflight|svn-downgrade|below that of the running module
preparing:firmware-invalid|refused:rehearse:svn-unsupported|idle|3|refused|rehearse|svn-unsupported|only the BIOS
preparing:firmware-invalid|refused:rehearse:cpu-not-supported|idle|3|refused|rehearse|cpu-not-supported|for other CPUs
preparing:firmware-invalid|refused:preflight:handoff-range|idle|3|refused|preflight|handoff-range|a version in between
preparing:firmware-invalid|refused:preflight:debug-signed|idle|3|refused|preflight|debug-signed|development hosts
preparing:device-busy|refused:preflight:cpu-offline|idle|3|refused|preflight|cpu-offline|bring all online
preparing:flash-wearout|refused:preflight:update-log-full|idle|3|refused|preflight|update-log-full|rebooted
preparing:hw-error|refused:preflight:module-lost|idle|3|refused|preflight|module-lost|reboot
transferring:device-busy|refused:drain:td-build|idle|3|refused|drain|td-build|TDs are being built
transferring:timeout|refused:drain:timeout|idle|3|refused|drain|timeout|not finished in time
transferring:user-abort|refused:drain:cancelled|idle|3|refused|drain|cancelled|it was cancelled
transferring:device-busy|refused:shutdown:td-build-in-module|idle|3|refused|shutdown|td-build-in-module|the module counts
transferring:hw-error|refused:shutdown:a-new-reason|idle|3|refused|shutdown|a-new-reason|see the kernel's log
transferring:firmware-invalid|failed:install:bad-hash|failed|4|failed|install|bad-hash|No TD runs until
transferring:hw-error|failed:init:seamcall-error|failed|4|failed|init|seamcall-error|No TD runs until
transferring:firmware-invalid|failed:resume:bad-handoff|failed|4|failed|resume|bad-handoff|No TD runs until
transferring:firmware-invalid|failed:resume:metadata-td-sizes|failed|4|failed|resume|metadata-td-sizes|other amounts of memory
preparing:device-busy|refused:preflight:cpu-offline|failed|4|failed|preflight|cpu-offline|the repair was refused
"""


def test_outcomes(tool):
    """What the kernel says of an update, as a table."""
    for row in TABLE.strip().splitlines():
        error, result, state, status, outcome, phase, reason, sentence = row.split("|")
        host = Host(tool)
        path = host.add("1.5.06.blob", NEW)
        host.ends_with(error, result, state)
        done = host.run("update", path)
        same(f"{result}: exit status", int(status), done.status)
        holds(f"{result}: standard error", sentence, done.err)
        done = host.run("update", path, "--json")
        same(f"{result}: exit status with --json", int(status), done.status)
        holds(f"{result}: standard error with --json", sentence, done.err)
        same(f"{result}: JSON", (outcome, int(status), phase, reason),
             tuple(done.json[name] for name in ("outcome", "status", "phase", "reason")))
        holds(f"{result}: message", sentence, done.json["message"])
        host.close()


# error of the upload, update_result of the update before, reason
STALE = """
transferring:device-busy|refused:image:bad-checksum|busy
transferring:device-busy|success|busy
transferring:user-abort|refused:image:bad-checksum|cancelled
transferring:user-abort|success|cancelled
transferring:timeout|refused:preflight:cpu-offline|timeout
transferring:firmware-invalid|refused:drain:cancelled|firmware-invalid
transferring:hw-error|refused:drain:timeout|hw-error
transferring:hw-error|refused:preflight:update-log-full|hw-error
preparing:invalid-file-size|refused:image:bad-checksum|invalid-file-size
transferring:read-write-error|failed:init:seamcall-error|read-write-error
"""


def test_stale_result(tool):
    """An upload that came to no update has the class's error, not the last update's result."""
    for row in STALE.strip().splitlines():
        error, result, reason = row.split("|")
        host = Host(tool)
        host.ends_with(error, result)
        done = host.run("update", host.add("1.5.06.blob", NEW), "--json")
        same(row, (3, reason), (done.status, done.json["reason"]))
        host.close()


test_stale_result.guards = ("outcome.c", "    !belong_together(error, reason))", "    0)")


def test_each_reason(tool):
    """Each reason that the kernel has, with the sentence that says what to do."""
    host = Host(tool)
    path = host.add("1.5.06.blob", NEW)
    advice = dict(re.findall(r'{ "([a-z-]+)",\s+"([^"]+)" }', advices()))
    errors = {"timeout": "timeout", "cancelled": "user-abort", "update-log-full": "flash-wearout"}
    for reason in sorted(kernel_reasons()):
        for kind, status in (("refused", 3), ("failed", 4)):
            host.ends_with("transferring:" + errors.get(reason, "hw-error"),
                           f"{kind}:drain:{reason}", "failed" if status == 4 else "idle")
            done = host.run("update", path, "--json")
            same(f"{kind}, {reason}", (status, kind, "drain", reason),
                 tuple(done.json[name] for name in ("status", "outcome", "phase", "reason")))
            holds(f"{kind}, {reason}: standard error", advice[reason], done.err)
            holds(f"{kind}, {reason}: message", advice[reason], done.json["message"])
    host.close()


STOCK = """
transferring:firmware-invalid|1.5.05|3|refused|firmware-invalid|the kernel or P-SEAMLDR refused the image
transferring:device-busy|1.5.05|3|refused|busy|try again later
transferring:hw-error|1.5.05|3|refused|hw-error|a call of the TDX module
transferring:timeout|1.5.05|3|refused|timeout|it took too long
transferring:user-abort|1.5.05|3|refused|cancelled|it was cancelled
transferring:flash-wearout|1.5.05|3|refused|update-log-full|rebooted
transferring:read-write-error|1.5.05|3|refused|read-write-error|did not take the image
preparing:invalid-file-size|1.5.05|3|refused|invalid-file-size|a file of this size
"""


def test_outcomes_stock(tool):
    """With a kernel that tells only the class's error."""
    for row in STOCK.strip().splitlines():
        error, version, status, outcome, reason, sentence = row.split("|")
        host = Host(tool, stock=True, version=version)
        path = host.add("1.5.06.blob", NEW)
        host.ends_with(error)
        done = host.run("update", path, "--json")
        same(f"{error}: exit status", int(status), done.status)
        holds(f"{error}: standard error", sentence, done.err)
        holds("what the kernel does not do is said", "being built", done.err)
        same(f"{error}: JSON", (outcome, reason), (done.json["outcome"], done.json["reason"]))
        holds("no promise that is not kept", "--wait and --no-wait change nothing",
              host.run("update", path, "--no-wait").err)
        host.close()


def test_lost_module_stock(tool):
    """The stock kernel installs nothing when there is no module to ask: no other advice."""
    host = Host(tool, stock=True)
    host.lose_module()
    host.ends_with("transferring:firmware-invalid")
    done = host.run("update", host.add("1.5.06.blob", NEW), "--json")
    same("outcome", (4, "failed", "firmware-invalid"),
         (done.status, done.json["outcome"], done.json["reason"]))
    holds("advice", "only a reboot helps", done.err)
    holds("show", "(no usable TDX module)", host.run("show").out)
    host.close()


test_lost_module_stock.guards = ("update.c", "else if (!update->before.keeps_builds_safe)", "else if (0)")


def test_other_module(tool):
    """No error, but another module than the image's runs: no success."""
    host = Host(tool)
    done = host.run("update", host.add("1.5.06.blob", NEW), "--json")
    same("exit status", 4, done.status)
    same("reason", "other-module-runs", done.json["reason"])
    same("verified", False, done.json["verified"])
    host.close()


test_other_module.guards = ("update.c", "if (update->verified == DIFFERS)", "if (0)")


def test_runs_already(tool):
    """What runs is not installed: told by MRSEAM, whatever the file's name is."""
    host = Host(tool)
    path = host.add("some-name.blob", NEW)
    host.runs(NEW)
    done = host.run("update", path, "--json")
    same("exit status", 2, done.status)
    same("outcome", ("nothing-to-do", "runs-already"),
         (done.json["outcome"], done.json["reason"]))
    same("nothing was written", "", (host.upload / "data").read_text())
    same("standard error", "", done.err)
    holds("without JSON: standard output", "runs already", host.run("update", path).out)
    host.close()


test_runs_already.guards = ("verdict.c", "if (entry_runs(entry, host))", "if (0)")


def test_runs_already_stock(tool):
    """Without MRSEAM the version has to do."""
    host = Host(tool, stock=True)
    done = host.run("update", host.add("1.5.05.blob", NEW))
    same("exit status", 2, done.status)
    holds("it says how it knows", "as far as its version tells", done.out)
    host.close()


def test_lost_module(tool):
    """What runs no more is installed again, even if it is the same."""
    host = Host(tool, update_state="failed")
    host.runs(NEW)
    same("exit status", 0, host.run("update", host.add("1.5.06.blob", NEW)).status)
    host.close()


def test_empty_file(tool):
    """A failed download never gets to the kernel."""
    host = Host(tool, update_result="success")
    host.write(host.upload / "loading", "untouched")
    done = host.run("update", host.add("1.5.06.blob", b""), "--json")
    same("exit status", 3, done.status)
    same("reason", "empty", done.json["reason"])
    same("nothing was written", "untouched\n", (host.upload / "loading").read_text())
    host.close()


def test_last_entry(tool):
    """The update log's last entry is for who asks for it, and for repairs."""
    host = Host(tool, num_remaining_updates="1")
    path = host.add("1.5.06.blob", NEW)
    done = host.run("update", path, "--json")
    same("exit status", 3, done.status)
    same("reason", "last-log-entry", done.json["reason"])
    same("with the option it goes on", 4, host.run("update", path, "--use-last-entry").status)
    host.tdx("update_state", "failed")
    host.runs(NEW)
    same("as does a repair", 0, host.run("update", path).status)
    host.close()


def test_log_full_and_lost(tool):
    """No advice that cannot be followed."""
    host = Host(tool, num_remaining_updates="0")
    path = host.add("1.5.06.blob", NEW)
    host.ends_with("transferring:firmware-invalid", "failed:resume:bad-handoff", "failed")
    done = host.run("update", path)
    same("exit status", 4, done.status)
    holds("advice", "only a reboot helps", done.err)
    host.close()


def test_other_update(tool):
    """An upload that is under way is left alone."""
    host = Host(tool)
    host.write(host.upload / "status", "transferring")
    done = host.run("update", host.add("1.5.06.blob", NEW), "--json")
    same("exit status", 3, done.status)
    same("reason", "busy", done.json["reason"])
    same("nothing was written", "0\n", (host.upload / "loading").read_text())
    host.close()


def test_not_this_host(tool):
    """No TDX, and TDX that cannot be updated."""
    host = Host(tool)
    path = host.add("1.5.06.blob", NEW)
    (host.upload / "loading").unlink()
    for command in ("update", "check"):
        done = host.run(command, path, "--json")
        same(f"{command}: exit status", 5, done.status)
        same("reason", "no-runtime-update", done.json["reason"])
    same("the rest is shown", 0, host.run("show").status)
    host.tdx("version", None)
    for command in (("update", path), ("check", path), ("show",), ("watch",)):
        done = host.run(*command)
        same(f"{command[0]}: exit status", 5, done.status)
        holds("the sentence", "this is no TDX host", done.err)
    host.close()


def test_no_permission(tool):
    """A user that is not root: told so, and everything else is shown."""
    host = Host(tool)
    path = host.add("1.5.06.blob", NEW)
    for name in ("mrseam", "svn", "seamldr_version", "num_remaining_updates", "builds_in_flight"):
        (host.path / "sys/devices/faux/tdx_host" / name).chmod(0o400)
    done = host.run("update", path, "--json", user="nobody")
    same("exit status", 3, done.status)
    same("reason", "permission", done.json["reason"])
    holds("the sentence", "only root can update", done.err)
    done = host.run("show", user="nobody")
    same("show: exit status", 0, done.status)
    holds("what is not known is said", "MRSEAM             (for root only)", done.out)
    holds("what is known is shown", "1.5.05", done.out)
    same("in JSON it is null", None,
         host.run("show", "--json", user="nobody").json["module"]["mrseam"])
    same("list", 0, host.run("list", user="nobody").status)
    host.add_check(result="success")
    done = host.run("check", path, "--json", user="nobody")
    same("check, from outside", (0, False), (done.status, done.json["by_kernel"]))
    holds("it says why", "the kernel's check is for root only", done.json["message"])
    host.close()


def test_check(tool):
    """A check without the kernel's help says so."""
    host = Host(tool, stock=True)
    done = host.run("check", host.add("1.5.06.blob", NEW), "--json")
    same("exit status", 0, done.status)
    same("by the kernel", False, done.json["by_kernel"])
    holds("it says so", "this kernel has no check", done.json["message"])
    same("MRSEAM", mrseam(NEW), done.json["image"]["mrseam"])
    same("by its version", done.json["image"], host.run("check", "1.5.06", "--json").json["image"])
    host.close()


def test_check_by_kernel(tool):
    """The kernel's verdict counts."""
    host = Host(tool)
    path = host.add("1.5.06.blob", NEW)
    host.add_check(result="success")
    done = host.run("check", path, "--json")
    same("accepted", (0, True), (done.status, done.json["by_kernel"]))
    host.add_check("preparing:firmware-invalid", "refused:preflight:bad-signature")
    done = host.run("check", path, "--json")
    same("refused", (3, "bad-signature"), (done.status, done.json["reason"]))
    holds("the sentence", "it would be refused now: P-SEAMLDR does not accept", done.err)
    same("what was handed over", NEW, (host.check / "data").read_bytes())
    same("no update was begun", "", (host.upload / "data").read_text())
    host.close()


# How the kernel's sources give a reason: as what a function returns, as an argument or member
# behind an errno, as what is assigned to "reason", or as the first word of an image's defect.
TOKEN = r'"([a-z]+(?:-[a-z]+)*)"'
GIVEN = (rf"\breturn {TOKEN};", rf"-E[A-Z]+,\s*{TOKEN}", rf"^\s+{TOKEN},$",
         r'"refused:preflight:([a-z-]+)"')
ASSIGNED = r"\breason = [^;]*;"


def reasons_of(text):
    found = {word for pattern in GIVEN for word in re.findall(pattern, text, re.M)}
    for statement in re.findall(ASSIGNED, text):
        found.update(re.findall(TOKEN, statement))
    return found


def advices():
    """The tool's table of advice."""
    return (TOOL / "outcome.c").read_text().partition("advices[] = {")[2].partition("};")[0]


def kernel_reasons():
    """Of the files that the series adds, and of what it adds to others."""
    found = set()
    for path in (ROOT / "arch/x86/virt/vmx/tdx").glob("*.c"):
        if not path.name.endswith("_kunit.c"):
            found |= reasons_of(path.read_text())
    for path in (ROOT / "series").glob("*/*/hooks.diff"):
        for part in re.split(r"^diff --git ", path.read_text(), flags=re.M):
            if part.startswith("a/arch/x86/virt/vmx/tdx/"):
                found |= reasons_of("".join(line[1:] + "\n" for line in part.splitlines()
                                            if line.startswith("+")))
    # A word for an image without a defect, and what is no reason of an update.
    return found - {"good", "off"}


def test_own_reasons(tool):
    """The manual page has each reason that the tool gives by itself, and no other."""
    del tool
    own = set()
    for path in TOOL.glob("*.c"):
        text = path.read_text()
        own.update(re.findall(rf"(?:OUTCOME_[A-Z_]+|outcome|refuse\(report), {TOKEN}", text))
        own.update(re.findall(rf'{{ "[a-z-]+", {TOKEN},', text))
        own.update(re.findall(rf"\[IMAGE_\w+\]\s+= {{ {TOKEN},", text))
    for word in ("permission", "runs-already", "empty", "svn-major", "hw-error"):
        holds("reasons that are found in the sources", word, own)
    page = (TOOL / "tdx-module.8").read_text().replace("\\-", "-")
    page = page.partition("\n.SH REASONS\n")[2].partition("\n.SH ")[0]
    documented = {word for line in re.findall(r"^\.TP\n\.B (.*)$", page, re.M)
                  for word in re.findall(r"[a-z][a-z-]+", re.sub(r"\\f.", " ", line))}
    same("reasons", sorted(own - kernel_reasons() - {"good"}), sorted(documented))


def test_reasons(tool):
    """Whatever reason the kernel gives, the tool has advice and the document an entry; no others."""
    del tool
    kernel = kernel_reasons()
    for word in ("bad-hash", "cpu-offline", "cpus-missing", "installed-unasked", "metadata-unreadable",
                 "metadata-td-sizes", "module-error", "no-module", "seamcall-error", "td-build", "busy"):
        holds("reasons that are found in the sources", word, kernel)
    same("reasons that the tool has advice for", sorted(kernel),
         sorted(re.findall(rf"{{ {TOKEN},", advices())))
    # Those of the errno that the class calls "device-busy"; the first two by other means.
    busy = {"busy", "td-build"}
    for path in (ROOT / "arch/x86/virt/vmx/tdx").glob("*.c"):
        if not path.name.endswith("_kunit.c"):
            busy.update(re.findall(rf"-EBUSY,\s*{TOKEN}", path.read_text()))
    source = (TOOL / "outcome.c").read_text()
    same("reasons that the tool knows as busy", sorted(busy), sorted(re.findall(
        TOKEN, source.partition("busy[] = {")[2].partition("};")[0])))
    text = (ROOT / "Documentation/arch/x86/tdx-module-update.rst").read_text()
    text = text.partition("\nReasons\n-------\n")[2].partition("\nNew reasons may be added.")[0]
    entries = re.findall(r"^``.*``$", text, re.M)
    same("reasons that the document has", sorted(kernel),
         sorted({word for line in entries for word in re.findall(r"``([a-z-]+)``", line)}))

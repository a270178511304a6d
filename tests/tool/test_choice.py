# SPDX-License-Identifier: GPL-2.0-only
"""Images: what they tell, and which one is chosen."""

import json

from host import GRANITE_RAPIDS, SAPPHIRE_RAPIDS, Host, PAGE, holds, image, mrseam, same

OLD, NEW, NEWEST = image(b"old"), image(b"new"), image(b"newest")
ACCEPTED = ("", None, None)


def chosen(host, *options):
    """What --to-latest would install: the name of the file, or None, and its Done."""
    host.ends_with("transferring:timeout", "refused:drain:timeout")
    done = host.run("update", "--to-latest", "--json", *options)
    path = done.json["image"]["path"]
    return path and path.rsplit("/", 1)[1], done


def fleet(tool, **more):
    host = Host(tool, **more)
    host.runs(OLD)
    host.add("1.5.05.blob", OLD)
    host.add("1.5.06.blob", NEW)
    host.add("1.5/tdx_module_1.5.08.blob", NEWEST)
    return host


def test_latest(tool):
    """The newest that the host can take."""
    host = fleet(tool)
    same("of three", "tdx_module_1.5.08.blob", chosen(host)[0])
    host.add("1.5.09.blob", image(b"other CPUs", cpus=(GRANITE_RAPIDS,)))
    host.add("2.0.08.blob", image(b"other line", version=(2, 0, 8, 882)))
    host.add("1.5.10.blob", NEWEST[:-1])
    host.add("1.5.11.blob", image(b"for developers", module_type=1 << 31))
    host.add("1.5.12.blob", image(b"lower SVN", svn=0x0104))
    host.add("unnamed.blob", image(b"no version"))
    same("with some that it cannot take", "tdx_module_1.5.08.blob", chosen(host)[0])
    host.close()


def test_latest_runs(tool):
    """Nothing newer: nothing to do, however often."""
    host = fleet(tool)
    host.runs(NEWEST)
    host.tdx("version", "1.5.08")
    for _ in range(3):
        name, done = chosen(host)
        same("nothing", (None, 2, "runs-already"), (name, done.status, done.json["reason"]))
    same("nothing was written", "", (host.upload / "data").read_text())
    # The same version, but another module: nothing that a program may decide.
    host.runs(image(b"built by somebody else"))
    same("no guessing", (None, 2), (chosen(host)[0], chosen(host)[1].status))
    host.close()


def test_latest_refused(tool):
    """Newer ones, and none can be taken: somebody has to see to it."""
    host = fleet(tool)
    host.write(host.path / "sys/devices/system/cpu/online", "0")
    name, done = chosen(host)
    same("refused", (None, 3, "cpu-offline"), (name, done.status, done.json["reason"]))
    holds("it names the CPU", "(1)", done.json["message"])
    host.close()


test_latest_refused.guards = ("verdict.c", "if (host->nr_offline)", "if (0)")


def test_approved(tool):
    """Only what the verifiers accept."""
    host = fleet(tool)
    approved = host.path / "approved"
    approved.write_text(f"# ours\n{mrseam(NEW)} 1.5.06\n\n{mrseam(OLD).upper()}\n")
    same("the newest approved", "1.5.06.blob", chosen(host, "--approved", approved)[0])
    done = host.run("update", host.images / "1.5/tdx_module_1.5.08.blob", "--approved", approved,
                    "--json")
    same("another one", (3, "not-approved"), (done.status, done.json["reason"]))
    approved.write_text("0123\n")
    done = host.run("list", "--approved", approved)
    same("a list that is none", 1, done.status)
    holds("it names the line", "approved:1:", done.err)
    for command in (("list",), ("update", "--to-latest")):
        done = host.run(*command, "--approved", host.path / "missing", "--json")
        same("a list that is not there", (1, "usage", "unreadable"),
             (done.status, done.json["outcome"], done.json["reason"]))
    host.close()


test_approved.guards = ("verdict.c", "if (policy->approved && !approved_has(", "if (0 && !approved_has(")


def release(version, least="1.5.01", seamldrs=("1.5.00", "2.0.00")):
    return {"version": version, "min_module_version_for_td_preserving": least,
            "strict_compat_versions": [], "min_seamldr_versions": list(seamldrs),
            "tdx_feature0": "0xF0FBF"}


# What Intel's file had in 2025, with the P-SEAMLDR that each needs.
PUBLISHED = (*((f"1.5.{update}", "1.5.01", ("1.5.00", "2.0.00"))
               for update in ("05", "06", "08", "09", "13", "16")),
             ("2.0.02", "2.0.02", ("2.0.00",)), ("2.0.04", "2.0.04", ("2.0.00",)),
             ("2.0.05", "2.0.04", ("2.0.00",)), ("2.0.08", "2.0.04", ("2.0.00",)))


def test_mapping_published(tool):
    """Intel's repository as it is: the file at the top, images in joined_files/LINE/."""
    host = Host(tool)
    host.runs(image(b"1.5.05"))
    releases = [{"version": "1.5.01", "min_module_version_for_td_preserving": "1.5.01",
                 "min_seamldr_versions": ["1.5.00"], "tdx_feature0": "0xF0FBF"}]
    for version, least, seamldrs in PUBLISHED:
        releases.append({"version": version, "min_module_version_for_td_preserving": least,
                         "min_seamldr_versions": list(seamldrs), "tdx_feature0": "0x61F0FBF"})
        host.add(f"joined_files/{version[:3]}/tdx_module_{version}.blob",
                 image(version.encode(), cpus=(SAPPHIRE_RAPIDS, GRANITE_RAPIDS)))
    (host.images / "mapping_file.json").write_text(json.dumps({
        "Header": {"Copyright": "(c)", "Info": "Info", "Version": "1.0"},
        "tdx_module_releases": releases}))
    same("the newest of the line", "tdx_module_1.5.16.blob", chosen(host)[0])
    verdicts = {entry["version"]: (entry["verdict"], entry["reason"])
                for entry in host.run("list", "--json").json["images"]}
    same("verdicts", {"1.5.05": ("runs", "runs-already"),
                      **{f"1.5.{update}": ("yes", None) for update in ("06", "08", "09", "13", "16")},
                      **{f"2.0.{update}": ("no", "other-line") for update in ("02", "04", "05", "08")}},
         verdicts)
    host.tdx("version", "2.0.02")
    host.tdx("seamldr_version", "2.0.00")
    host.runs(image(b"2.0.02"))
    same("versions that are needed in between", (None, 3, "running-too-old"),
         (chosen(host)[0], chosen(host)[1].status, chosen(host)[1].json["reason"]))
    host.close()


def test_mapping(tool):
    """Intel's mapping file: taken from beside the images, or from elsewhere."""
    host = fleet(tool)
    mapping = host.images / "mapping_file.json"
    mapping.write_text(json.dumps({"Header": {"Version": "1.0"}, "tdx_module_releases": [
        release("1.5.06"), release("1.5.08", least="1.5.06")]}))
    same("not over versions that are needed", "1.5.06.blob", chosen(host)[0])
    done = host.run("update", "1.5.08", "--json")
    same("nor by name", (3, "running-too-old"), (done.status, done.json["reason"]))
    holds("it says which", "from 1.5.06 on", done.json["message"])
    other = host.path / "other.json"
    other.write_text(json.dumps({"tdx_module_releases": [
        release("1.5.06"), release("1.5.08", seamldrs=("2.0.00",))]}))
    same("P-SEAMLDR of another line", "1.5.06.blob", chosen(host, "--mapping", other)[0])
    for text in ("", "{", "[]", "{}", '{"tdx_module_releases": 1}', '{"tdx_module_releases": []}',
                 '{"tdx_module_releases": [{"version": 1}]}', '{"tdx_module_releases": [[]]}',
                 '{"tdx_module_releases": [{"version": "1.5.06", "min_seamldr_versions": 1}]}'):
        other.write_text(text)
        done = host.run("list", "--mapping", other)
        same(f"no mapping file ({text}): exit status", 1, done.status)
        holds("it says so", "is not Intel's mapping_file.json", done.err)
    host.close()


# name, content, defect, version
def images():
    good = image(b"x", version=(2, 0, 8, 882))
    header = bytearray(good)
    header[0] = 1
    damaged = bytearray(image(b"x", checksum=False))
    damaged[-1] ^= 1
    old = bytearray(PAGE)
    old[8:16] = b"TDX-BLOB"
    pages = bytearray(image(checksum=False))
    pages[16:20] = (497).to_bytes(4, "little")
    cpus = bytearray(image(checksum=False))
    cpus[PAGE + 1024:PAGE + 1028] = (256).to_bytes(4, "little")
    return (("good.blob", good, None, "2.0.08"),
            ("1.5.06.blob", image(b"y"), None, "1.5.06"),
            ("tdx_module_1.5.24.blob", image(b"z"), None, "1.5.24"),
            ("nameless.blob", image(b"z"), None, None),
            ("empty.blob", b"", "empty", None),
            ("one-byte.blob", b"x", "not-an-image", None),
            ("text.blob", b"<html>404</html>" * 9000, "not-an-image", None),
            ("old.blob", bytes(old), "old-container", None),
            ("version.blob", bytes(header), "bad-image-version", None),
            ("cut.blob", good[:-1], "truncated", None),
            ("header.blob", good[:100], "truncated", None),
            ("long.blob", good + b"x", "trailing-data", None),
            ("huge.blob", good + bytes(3 << 20), "trailing-data", None),
            ("pages.blob", bytes(pages), "bad-module-pages", None),
            ("checksum.blob", good[:-1] + b"?", "bad-checksum", "2.0.08"),
            ("hash.blob", bytes(damaged), "bad-hash", None),
            ("cpus.blob", bytes(cpus), "bad-cpu-table-size", None))


def test_images(tool):
    """What images tell, and files that are none."""
    host = Host(tool)
    for name, content, _, _ in images():
        host.add(name, content)
    (host.images / "dangling.blob").symlink_to("nowhere")
    done = host.run("list", "--json")
    same("exit status", 0, done.status)
    listed = {entry["path"].rsplit("/", 1)[1]: entry for entry in done.json["images"]}
    same("all are listed", {name for name, *_ in images()} | {"dangling.blob"}, set(listed))
    for name, content, defect, version in images():
        same(f"{name}: defect, version", (defect, version),
             (listed[name]["defect"], listed[name]["version"]))
        if not defect:
            same(f"{name}: MRSEAM", mrseam(content), listed[name]["mrseam"])
    same("build", 882, listed["good.blob"]["build"])
    same("SVN", "0x0105", listed["good.blob"]["svn"])
    same("a link that leads nowhere", "unreadable", listed["dangling.blob"]["defect"])
    host.close()


test_images.guards = ("image.c", "if (memcmp(digest, image->mrseam, sizeof(digest)))", "if (0)")


def test_list(tool):
    """For people: each image in a line, and in the next one why it is not for this host."""
    host = fleet(tool)
    host.add("2.0.08.blob", image(b"other CPUs", cpus=(GRANITE_RAPIDS,)))
    host.add("1.5.07.blob", NEWEST[:-1])
    lines = host.run("list").out.splitlines()
    same("lines", [["VERSION", "SVN", "MRSEAM", "TAKES", "FILE"],
                   ["2.0.08", "0x0105", mrseam(image(b"other CPUs"))[:16], "no", "2.0.08.blob"],
                   "it is for other CPUs than this host's (CPUID 0x806f8)".split(),
                   ["1.5.08", "0x0105", mrseam(NEWEST)[:16], "yes", "tdx_module_1.5.08.blob"],
                   ["1.5.07", "-", "-", "no", "1.5.07.blob"],
                   "the end of the image is missing: get it again".split(),
                   ["1.5.06", "0x0105", mrseam(NEW)[:16], "yes", "1.5.06.blob"],
                   ["1.5.05", "0x0105", mrseam(OLD)[:16], "runs", "1.5.05.blob"]],
         [[word.rsplit("/", 1)[-1] for word in line.split()] for line in lines])
    (host.path / "nothing").mkdir()
    done = host.run("list", host.path / "nothing")
    same("none", (0, f"no images (*.blob) in {host.path}/nothing\n"), (done.status, done.out))
    host.close()


def test_files(tool):
    """What is no file at all."""
    host = Host(tool)
    holds("a word", "and no version as 1.5.06", host.run("update", "1.5").err)
    done = host.run("update", host.add("1.5.06.blob", b"<html>"))
    holds("a refusal names the file", f"{host.images}/1.5.06.blob: the file is no image", done.err)
    same("a directory", 1, host.run("update", host.images).status)
    same("nothing", 1, host.run("check", host.path / "missing").status)
    same("a device", 1, host.run("check", "/dev/zero").status)
    same("no directory", 1, host.run("list", host.path / "missing").status)
    same("a version that is not there", 1, host.run("update", "1.5.99").status)
    host.close()


def test_show(tool):
    """All that the kernel tells, by name."""
    host = fleet(tool, update_result="failed:resume:bad-handoff", update_state="failed",
                 update_status="0xc000050900000000")
    host.tdx("svn", "0x0105")
    shown = host.run("show", "--json").json
    same("MRSEAM", mrseam(OLD), shown["module"]["mrseam"])
    same("SVN", "0x0105", shown["module"]["svn"])
    same("updates left", 63, shown["updates_left"])
    same("CPUs offline: none", "", shown["cpus_offline"])
    host.write(host.path / "sys/devices/system/cpu/online", "0")
    same("CPUs offline", "1", host.run("show", "--json").json["cpus_offline"])
    same("last update", {"result": "failed", "phase": "resume", "reason": "bad-handoff",
                         "seamcall_status": "0xc000050900000000", "duration_us": 12345,
                         "stop_us": 678}, shown["last_update"])
    text = host.run("show").out
    for part in (mrseam(OLD), "0x0105", "63", "bad-handoff", "12.345 ms", "0.678 ms",
                 "the new module did not take over"):
        holds("text", part, text)
    host.tdx("update_state", "idle")
    same("the image that runs", str(host.images / "1.5.05.blob"),
         host.run("show", "--json").json["module"]["image"])
    host.close()


def test_show_stock(tool):
    """What stock does not tell is said."""
    host = Host(tool, stock=True)
    text = host.run("show").out
    holds("MRSEAM", "MRSEAM             (not told by this kernel)", text)
    holds("the lock", "does not keep updates away from TDs", text)
    same("JSON", (None, False), (host.run("show", "--json").json["state"],
                                 host.run("show", "--json").json["keeps_builds_safe"]))
    done = host.run("watch")
    same("watch", 5, done.status)
    holds("it says why", "sends no events", done.err)
    host.close()


def test_stock_is_protected(tool):
    """Stock checks nothing before it is too late, so the tool does."""
    host = Host(tool, stock=True, num_remaining_updates="0")
    path = host.add("1.5.06.blob", NEW)
    same("log full", (3, "update-log-full"), verdict(host, path))
    host.tdx("num_remaining_updates", "63")
    host.write(host.path / "sys/devices/system/cpu/online", "0")
    same("CPU offline", (3, "cpu-offline"), verdict(host, path))
    host.write(host.path / "sys/devices/system/cpu/online", "0-1")
    path = host.add("1.5.07.blob", image(b"other", cpus=(GRANITE_RAPIDS,)))
    same("other CPUs", (3, "cpu-unsupported"), verdict(host, path))
    path = host.add("1.5.08.blob", image(b"debug", module_type=1 << 31))
    same("debug", (3, "debug-signed"), verdict(host, path))
    same("nothing was written", "", (host.upload / "data").read_text())
    host.close()


def verdict(host, path):
    done = host.run("update", path, "--json")
    return done.status, done.json["reason"]

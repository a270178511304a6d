# SPDX-License-Identifier: GPL-2.0-only
"""An update under way: what is told of it, and what an interrupt does."""

from host import TIMEOUT, Host, holds, mrseam, same
from kernel import LARGE, Upload

SUCCESS = {"update_state": "idle", "update_result": "success", "version": "1.5.06",
           "mrseam": mrseam(LARGE)}
BEGIN = "updating the TDX module from 1.5.05 to 1.5.06"
WAITS = {"update_state": "waiting", "builds_in_flight": "2"}


def begin(tool, *arguments, **more):
    host = Host(tool)
    return Upload(host, "update", host.add("1.5.06.blob", LARGE), *arguments, **more)


def all_phases(upload):
    upload.wait_for(BEGIN)
    upload.wait_for("checking the image and the host")
    upload.change(**WAITS)
    upload.wait_for("waiting for 2 TD builds, at most 5 s")
    upload.change(builds_in_flight="1")
    upload.wait_for("waiting for 1 TD build, at most 5 s")
    upload.change(update_state="updating")
    upload.wait_for("replacing the TDX module")
    return upload.end(**SUCCESS)


def test_progress_lines(tool):
    """Without a terminal: a line when something begins, and none more."""
    with begin(tool) as upload:
        same("exit status", 0, all_phases(upload))
        same("lines", [BEGIN, "checking the image and the host",
                       "waiting for 2 TD builds, at most 5 s", "waiting for 1 TD build, at most 5 s",
                       "replacing the TDX module",
                       "TDX module 1.5.06 runs, with the MRSEAM of the image; took 12.345 ms, TDX "
                       "stood still for 0.678 ms"], upload.seen.splitlines())
        same("what was handed over", LARGE[1:], upload.content)


test_progress_lines.guards = ("progress.c", "progress->terminal ? detail", "1 ? detail")


def test_progress_terminal(tool):
    """On a terminal: one line that changes, with the time that is left."""
    with begin(tool, terminal=True) as upload:
        same("exit status", 0, all_phases(upload))
        *changing, last = upload.seen.rstrip().split("\r\x1b[K")
        same("it is one line", [], [text for text in changing if "\n" in text])
        same("that begins so", BEGIN, changing[0])
        holds("it tells the time left", " s left, Ctrl-C cancels", changing[2])
        holds("the outcome stays", "TDX module 1.5.06 runs", last)


test_progress_terminal.guards = ("progress.c", "isatty(STDOUT_FILENO)", "0")


def test_progress_json(tool):
    """With --json there is nothing else on standard output."""
    with begin(tool, "--json") as upload:
        upload.reader.join()
        same("exit status", 0, upload.end(**SUCCESS))
        same("the first character", "{", upload.seen[0])


test_progress_json.guards = ("update.c", "progress_begin(&update.progress, options->json);",
                             "progress_begin(&update.progress, false);")


def test_interrupt(tool):
    """While it only waits an interrupt cancels."""
    with begin(tool) as upload:
        upload.change(**WAITS)
        upload.wait_for("waiting")
        upload.interrupt()
        upload.expect_error("cancelling the update")
        upload.wait_for_cancel()
        same("exit status", 3, upload.end("transferring:user-abort", update_state="idle",
                                          update_result="refused:drain:cancelled"))


def test_interrupt_too_late(tool):
    """When the module is being replaced an interrupt is answered, and ends nothing."""
    with begin(tool) as upload:
        upload.change(update_state="updating")
        upload.wait_for("replacing")
        upload.interrupt()
        upload.expect_error("cannot be cancelled any more")
        same("exit status", 0, upload.end(**SUCCESS))
        same("nothing was asked of the kernel", "", (upload.host.upload / "cancel").read_text())


test_interrupt_too_late.guards = ("update.c",
                                  'too_late = !strcmp(update->after.state.text, "updating") ||',
                                  "too_late = 0 &&")


def test_interrupt_check(tool):
    """A check that nobody waits for is left to itself, and nothing begins meanwhile."""
    host = Host(tool)
    path = host.add("1.5.06.blob", LARGE)
    host.add_check()
    with Upload(host, "check", path, directory=host.check) as upload:
        upload.reader.join()
        upload.interrupt()
        same("exit status", 3, upload.process.wait(TIMEOUT))
        upload.expect_error("not waited for")
        done = host.run("update", path, "--json")
        same("an update", (3, "busy"), (done.status, done.json["reason"]))
        same("nothing was written", "", (host.upload / "data").read_text())


test_interrupt_check.guards = ("upload.c", "ret = expect_idle(SYSFS_CHECK);", "ret = 0;")


def test_wait_bound(tool):
    """--wait is for this update; the host gets its bound back, whatever happens."""
    refused = {"update_state": "idle", "update_result": "refused:drain:timeout"}
    for error, files in (("", SUCCESS), ("transferring:timeout", refused)):
        with begin(tool, "--wait", "7") as upload:
            upload.change(**WAITS)
            upload.wait_for("waiting for 2 TD builds, at most 7 s")
            same("the bound meanwhile", "7000", upload.host.get("update_wait_ms"))
            upload.end(error, **files)
            same("the bound afterwards", "5000", upload.host.get("update_wait_ms"))


test_wait_bound.guards = ("update.c", 'sysfs_write(SYSFS_HOST, "update_wait_ms", bound->text);', ";")

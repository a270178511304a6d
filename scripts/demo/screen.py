# SPDX-License-Identifier: GPL-2.0-only
"""Shows a story while it happens: lines that stay, and on a terminal a live one."""

import sys
import time

COLOURS = {"good": "32", "bad": "31;1", "head": "1", "phase": "36", "wait": "33", "": "0"}


class Screen:
    """Lines with the time since the start; colour and a live line on a terminal."""

    def __init__(self, stream=sys.stdout):
        self._stream = stream
        self._terminal = stream.isatty()
        self._start = time.monotonic()
        self._live = False
        self.lines = []		# (text, colour) of all that stayed

    def _paint(self, text, colour):
        if not self._terminal or not colour:
            return text
        return f"\033[{COLOURS[colour]}m{text}\033[0m"

    def _clear(self):
        if self._live:
            self._stream.write("\r\033[K")
            self._live = False

    def line(self, text="", colour="", timed=True):
        self._clear()
        stamp = f"{time.monotonic() - self._start:6.1f} s  " if timed else ""
        self._stream.write(f"{stamp}{self._paint(text, colour)}\n")
        self._stream.flush()
        self.lines.append((stamp + text, colour))

    def live(self, text):
        """Replaced by whatever comes next; nothing where lines stay."""
        if not self._terminal:
            return
        self._clear()
        self._stream.write(f"\r{time.monotonic() - self._start:6.1f} s  {text}"[:110])
        self._stream.flush()
        self._live = True


def bar(done, total, width=20):
    filled = width * done // total if total else 0
    return "[" + "#" * filled + "." * (width - filled) + "]"


MEANING = {
    "image": "the image is read and checked",
    "preflight": "everything that can be known is checked",
    "drain": "builds in flight are waited for, new ones held back",
    "rehearse": "P-SEAMLDR says whether it would accept the image",
    "shutdown": "the old module writes its handoff data (TDH.SYS.SHUTDOWN)",
    "install": "P-SEAMLDR installs the new module, CPU by CPU (SEAMLDR.INSTALL)",
    "init": "the new module initializes (TDH.SYS.INIT, TDH.SYS.LP.INIT)",
    "resume": "the new module takes over the TDs (TDH.SYS.UPDATE)",
}


class Narrator:
    """Tells on a screen what is new in a story."""

    def __init__(self, story, screen):
        self._story, self._screen = story, screen

    def tell(self, source, text, news):
        method = getattr(self, f"_{source}", None)
        if method and news:
            method(text, news)
        self._status()

    def _status(self):
        story = self._story
        parts = []
        if story.slow.of and story.slow.state == "begun":
            parts.append(f"building a TD {bar(story.slow.page, story.slow.of)}")
        if story.phases and not story.done:
            parts.append(f"update: {story.phases[-1][0]}")
        if story.chain:
            parts.append(f"running TD: {int(story.chain['count']):,} steps")
        self._screen.live(", ".join(parts))

    def _host(self, text, news):
        if news == "version":
            which = "runs" if len(self._story.versions) == 1 else "runs now"
            self._screen.line(f"TDX module {text.split()[1]} {which}", "head")
        elif news == "state":
            _, state, builds = text.split()
            count = builds.split("=")[1]
            if state == "waiting":
                self._screen.line(f"the update waits for {count} TD build{'s'[:count != '1']}",
                                  "wait")

    def _run(self, _, news):
        if news == "run":
            self._screen.line("a TD runs: it counts, hashes and reports")

    def _slow(self, text, news):
        if text == "build initialized":
            self._screen.line("the build of a second TD begins; its VMM is slow")
        elif news == "build finalized us":
            self._screen.line("the build ends: the second TD is finalized")
        elif text.startswith("build failed"):
            self._screen.line(f"the build fails: {text}", "bad")

    def _late(self, text, _):
        if text == "build initialized":
            self._screen.line("the build of the third TD begins")
        elif text.startswith("build finalized"):
            self._screen.line("the third TD is finalized")

    def _operator(self, text, news):
        if news == "start":
            self._screen.line(f"operator# {text[len('start '):]}", "head")
        elif news == "says":
            self._screen.line(f"operator: {text}")

    def _trace(self, _, news):
        story = self._story
        if news == "phase":
            name, moment = story.phases[-1]
            since = moment - story.phases[0][1]
            again = name in (earlier for earlier, _ in story.phases[:-1])
            self._screen.line(f"phase {name:<9} at {since * 1000:8.1f} ms  "
                              f"{'once more' if again else MEANING.get(name, '')}", "phase")
        elif news == "done":
            fields = story.done[0]
            self._screen.line(f"update: {fields['result']} after {int(fields['duration_us']) / 1000:.1f} ms, "
                              f"of which TDs stood still {int(fields['stop_us']) / 1000:.1f} ms",
                              "good" if fields["result"] == "success" else "bad")
        elif news == "held back":
            self._screen.line("the build of a third TD is held back until the update is over", "wait")
        elif news == "admitted":
            self._screen.line(f"a build that was held back for {story.held_back[-1] / 1000:.0f} ms goes on")

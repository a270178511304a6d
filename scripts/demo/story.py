# SPDX-License-Identifier: GPL-2.0-only
"""What happened in the host, collected event by event, and whether it was right."""

import re

PHASES = ("image", "preflight", "drain", "rehearse", "shutdown", "install", "init", "resume")
TRACE = re.compile(r"\s(?P<time>\d+\.\d+): (?P<event>tdx_update_\w+): (?P<fields>.*)")


def words(text):
    """The key=value words of a line."""
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


class Build:
    """A TD that is being built, as its VMM tells it."""

    def __init__(self):
        self.page = self.of = 0
        self.state = "not begun"
        self.mrtd = self.expected = None

    def tell(self, text):
        if text.startswith("build initialized"):
            self.state = "begun"
        elif text.startswith("build page="):
            fields = words(text)
            self.page, self.of = int(fields["page"]), int(fields["of"])
        elif text.startswith("build finalized"):
            self.state = "finalized"
        elif text.startswith("build failed"):
            self.state = text
        elif text.startswith("mrtd="):
            self.mrtd = text[5:]
        elif text.startswith("expected="):
            self.expected = text[9:]

    @property
    def right(self):
        return self.state == "finalized" and self.mrtd is not None \
            and self.mrtd == self.expected


class Story:
    """State of the host as far as it was told."""

    def __init__(self, old, new, partial=False):
        self.old, self.new = old, new
        self.partial = partial		# a kernel that may end with one of the first topics
        self.versions = []
        self.slow, self.late = Build(), Build()
        self.phases = []		# (name, time of the trace)
        self.done = None
        self.block_ends = []
        self.waiting = set()		# processes whose build is held back
        self.held_back = []		# microseconds that builds waited
        self.operator = None
        self.facts = {}
        self.chain = {}			# the running TD, last it told
        self.chain_end = None
        self.run_status = None
        self.ended = False

    def tell(self, source, text):
        """Take one event in; returns the name of what is new, for the screen."""
        handler = getattr(self, f"_{source}", None)
        return handler(text) if handler else None

    def _host(self, text):
        name, _, value = text.partition(" ")
        if name == "version":
            self.versions.append(value)
        elif name == "end":
            self.ended = True
        elif name == "state":
            return "state"
        else:
            self.facts[name] = value
        return name

    def _trace(self, text):
        match = TRACE.search(text)
        if not match:
            return None
        time, fields = float(match["time"]), words(match["fields"])
        if match["event"] == "tdx_update_phase":
            self.phases.append((fields["phase"], time))
            return "phase"
        if match["event"] == "tdx_update_done":
            self.done = (fields, time)
            return "done"
        if match["event"] == "tdx_update_block_end":
            self.block_ends.append(time)
        elif match["event"] == "tdx_update_block_wait":
            self.waiting.add(fields["tgid"])
            return "held back"
        elif match["event"] == "tdx_update_block_begin" and fields["tgid"] in self.waiting:
            self.held_back.append(int(fields["waited_us"]))
            return "admitted"
        return None

    def _slow(self, text):
        self.slow.tell(text)
        return text.split("=")[0]

    def _late(self, text):
        self.late.tell(text)
        return text.split("=")[0]

    def _operator(self, text):
        if text.startswith("end "):
            self.operator = text[len("end error="):] or "success"
            return "end"
        return "start" if text.startswith("start ") else "says"

    def _run(self, text):
        if text.startswith("chain-end"):
            self.chain_end = words(text)
        elif text.startswith("chain "):
            self.chain = words(text)
        elif text.startswith("exit "):
            self.run_status = int(text.split()[1])
        return text.split()[0]

    def time_after(self, phase):
        """When the phase that follows began."""
        return next((time for (name, _), (_, time) in zip(self.phases, self.phases[1:])
                     if name == phase), None)

    def _phases(self):
        # Checks are repeated: before the upload is taken, and after the wait.
        names = list(dict.fromkeys(name for name, _ in self.phases))
        bad = f"phases seen: {' '.join(names) or 'none'}"
        if self.partial and "lacks" in self.facts:
            there = {"drain", "install"} <= set(names) and names == [
                name for name in PHASES if name in names]
            return (None if there else False, f"phases {' and '.join(names)} were seen; "
                    "the others, and the outcome, come with later topics", bad)
        return (names == list(PHASES) and self.done is not None
                and self.done[0].get("result") == "success",
                "every phase of the update was seen, in order", bad)

    def verdicts(self):
        """(did it hold, what, in words) for everything that the run must show.

        None instead of True: as far as the topics go that this kernel has.
        """
        end = self.chain_end or {}
        begin, slow_end = self.time_after("drain"), min(self.block_ends, default=None)
        waited = begin is not None and slow_end is not None and slow_end < begin
        pause = f"{int(end.get('longest_pause_us', 0)) / 1000:.0f} ms"
        return [
            (self.versions == [self.old, self.new],
             f"TDX module {' -> '.join(self.versions) or 'unknown'}",
             f"{self.old} -> {self.new} was expected"),
            (self.operator == "success", "the operator's tool succeeded",
             f"the operator's tool: {self.operator}"),
            self._phases(),
            (waited, "the update waited for the TD in mid-build",
             "the update did not wait for the TD in mid-build"),
            (self.slow.right, "the TD built meanwhile has the right measurement",
             f"the TD built meanwhile: {self.slow.state}, MRTD "
             f"{(self.slow.mrtd or 'unknown')[:16]}…, right is "
             f"{(self.slow.expected or 'unknown')[:16]}…"),
            (bool(self.held_back) and self.late.right,
             "the build that came during the update was held back, then went well",
             f"the build that came during the update: {self.late.state}, "
             f"held back {len(self.held_back)} times"),
            (self.run_status == 0 and end.get("intact") == "yes",
             f"the running TD's chain of {int(end.get('count', 0)):,} steps has no gap; "
             f"its longest pause was {pause}",
             f"the running TD's chain: {end.get('intact', 'no report')}"),
        ]

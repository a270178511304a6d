# SPDX-License-Identifier: GPL-2.0-only
"""Nothing is used before it is there, and nothing is there long before it is used.

Three kinds of things are looked at: new files, new options, and new functions
that other files may call. What the base has as well is none of them: a function
that moves from one file to another has users of old.
"""

import re

from facts import Facts, program_of


class Ledger:
    """When each thing was brought, and when it was first used: patch numbers."""

    def __init__(self, series):
        self.series = series
        self.repository = series.repository
        self.brought = {}
        self.used = {}
        self.old = set()		# words of the base's files, as they were
        self.seen = set()
        for number, commit in enumerate(series.commits):
            self.enter(number, ([series.base] + series.commits)[number], commit)

    def enter(self, number, parent, commit):
        for status, path in self.repository.changes(parent, commit):
            if path not in self.seen:
                base = self.repository.blob("%s:%s" % (self.series.base, path)) or b""
                self.old |= Facts(path, base.decode(errors="replace")).words
                self.seen.add(path)
            if status == "D":
                continue
            text = self.repository.blob("%s:%s" % (commit, path))
            facts = Facts(path, text.decode(errors="replace"))
            if status == "A":
                self.brought[path] = number
            note(self.brought, number, path, facts.options, facts.functions)
            note(self.used, number, path, facts.needs_options, facts.uses)
            for name in facts.names_files:
                self.used.setdefault(name, number)

    def is_new(self, thing):
        return not NAME.search(thing) or NAME.search(thing).group() not in self.old


NAME = re.compile(r"(?<=CONFIG_)\w+$|\w+(?=\(\))")


def note(things, number, path, options, functions):
    """Functions have a name of their own in each program."""
    for thing in ["CONFIG_" + name for name in options] + \
            [program_of(path) + name + "()" for name in functions]:
        things.setdefault(thing, number)


def problems(series):
    yield from check_uses(series)
    yield from check_options(series)


def check_options(series):
    """What turns a topic off has to be an option by then."""
    for topic, _, end in series.ranges():
        if topic.option and not series.repository.run(
                "grep", "-l", "-E", "^(menu)?config %s$" % topic.option[len("CONFIG_"):],
                end, "--", "*Kconfig*", ok=(0, 1)).stdout:
            yield "%s/topic: no Kconfig has %s" % (topic, topic.option)


def check_uses(series):
    ledger = Ledger(series)
    patches = series.patches
    for thing, brought in sorted(ledger.brought.items()):
        used = ledger.used.get(thing)
        if used is None or not ledger.is_new(thing):
            continue
        if used < brought:
            yield "%s: uses %s, which %s is the first to bring" % (
                patches[used], thing, patches[brought])
        elif patches[used].topic != patches[brought].topic:
            yield "%s: brings %s, which is first used in a later topic, by %s" % (
                patches[brought], thing, patches[used])

# SPDX-License-Identifier: GPL-2.0-only
"""--get FILE[:DESTINATION]: files that are brought out of the host when the command has ended."""

import os
from pathlib import Path

from .errors import TdxHostError

# What the host's agent is told by, see scripts/tdxhost/guest/agent.c.
LIST = "tdxhost/get"


class Files:
    """Takes the agent's frames: a file begins by its number, and then comes in pieces."""

    def __init__(self, specs):
        self._files = []
        for spec in specs:
            source, _, destination = spec.partition(":")
            destination = Path(destination or os.path.basename(source))
            if not source or not destination.name:
                raise TdxHostError(f"--get {spec}: FILE or FILE:DESTINATION, of the host and of "
                                   "this machine")
            if destination.is_dir():
                destination /= os.path.basename(source)
            if not destination.parent.is_dir():
                raise TdxHostError(f"--get {spec}: there is no directory {destination.parent}")
            self._files.append((source, destination))
        self._missing = {source for source, _ in self._files}
        self._writing = None

    def names(self):
        """The agent's list."""
        return b"".join(os.fsencode(source) + b"\0" for source, _ in self._files)

    def begin(self, number):
        self.end()
        source, destination = self._files[number]
        self._writing = open(destination, "wb")		# pylint: disable=consider-using-with
        self._missing.discard(source)

    def data(self, content):
        self._writing.write(content)

    def end(self):
        if self._writing:
            self._writing.close()
        self._writing = None

    def missing(self):
        """Those that did not come."""
        self.end()
        return sorted(self._missing)

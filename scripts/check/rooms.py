# SPDX-License-Identifier: GPL-2.0-only
"""The rooms of the emulator: who may include whom, and which names mean one thing."""

import os
import re
from collections import defaultdict

# Each room, and the rooms below it, whose headers it may include.
ROOMS = {"abi": (), "x86": ("abi",), "crypto": ("abi",), "seamldr": ("abi", "crypto"),
         "module": ("abi", "x86", "crypto"), "monitor": ("abi", "x86", "crypto", "seamldr")}
# What is linked into one program.
PROGRAMS = (("monitor", "seamldr", "x86", "crypto"), ("module", "x86", "crypto"))
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
STATIC = re.compile(r"^static (?!const)[^;={}]*?\b(\w+)\([^;{}]*\)\s*\n\{", re.M)


def sources(root):
    """{path below emulator/: text}"""
    found = {}
    for room in ROOMS:
        for name in sorted(os.listdir(os.path.join(root, "emulator", room))):
            if name.endswith((".c", ".h")):
                path = os.path.join(room, name)
                with open(os.path.join(root, "emulator", path)) as file:
                    found[path] = file.read()
    return found


def includes(files):
    """{file: the files of the emulator that it includes}"""
    return {path: [there for there in (os.path.normpath(os.path.join(os.path.dirname(path), name))
                                       for name in INCLUDE.findall(text)) if there in files]
            for path, text in files.items()}


def cycles(graph):
    """The way round, for each header that includes itself by way of others."""
    for start in sorted(graph):
        todo, seen = [(start,)], set()
        while todo:
            way = todo.pop()
            for there in graph[way[-1]]:
                if there == start and start == min(way):
                    yield way
                elif there not in seen:
                    seen.add(there)
                    todo.append(way + (there,))


def rooms(context):
    files = sources(context.root)
    graph = includes(files)
    for path, included in graph.items():
        room = path.split("/", maxsplit=1)[0]
        for there in included:
            other = there.split("/", maxsplit=1)[0]
            if other not in (room, *ROOMS[room]):
                yield "emulator/%s: includes %s, but %s/ is not below %s/" % (path, there, other, room)
    for way in cycles(graph):
        yield "emulator/%s: includes itself: %s" % (way[0], " -> ".join((*way, way[0])))
    for program in PROGRAMS:
        names = defaultdict(list)
        for path, text in files.items():
            if path.split("/", maxsplit=1)[0] in program:
                for name in STATIC.findall(text):
                    names[name].append(path)
        for name, paths in names.items():
            if len(paths) > 1:
                yield "emulator/%s: %s() is another function in %s" % (paths[0], name,
                                                                      ", ".join(paths[1:]))

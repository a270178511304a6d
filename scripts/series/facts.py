# SPDX-License-Identifier: GPL-2.0-only
"""What a source file brings and what it needs, as far as its text tells.

No compiler is asked: these facts are of use where a build does not look, such as
a function that nobody calls yet, or a file that only another configuration reads.
"""

import os
import re

BLANK = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
MACRO = re.compile(r"#\s*define\s+(\w+)\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"\n]+)[>"]', re.M)
# A name after "." or "->" is a member's, one after "struct" a type's.
TOKEN = re.compile(r"(?:\.|->|\b(?:struct|union|enum)\s)\s*[A-Za-z_]\w*|[A-Za-z_]\w*"
                   r"|^\}|[{}();=]", re.M)
CONFIG = re.compile(r"\bCONFIG_(\w+)")
KCONFIG_NEW = re.compile(r"^\s*(?:menu)?config\s+(\w+)", re.M)
KCONFIG_USE = re.compile(r"^\s*(?:depends\s+on|select|imply|if|default|def_bool|visible\s+if"
                         r"|(?:bool|tristate)\b.*\bif)\b(.*)$", re.M)
# What stands with an argument beside a function's name.
ATTRIBUTE = re.compile(r"__(printf|attribute__|aligned|section|must_hold|acquires|releases)$")
EXPORT = re.compile(r"EXPORT_\w+$")


class Facts:
    """Of one state of one file."""

    def __init__(self, path, text):
        self.words = set(re.findall(r"\w+", text))
        self.functions = set()	# that other files may call
        self.uses = set()	# of functions, but for declarations and exports
        self.options = set()	# that a Kconfig brings
        self.needs_options = set(CONFIG.findall(text))
        self.names_files = set()
        name = os.path.basename(path)
        if name.startswith("Kconfig"):
            self.options = set(KCONFIG_NEW.findall(text))
            for line in KCONFIG_USE.findall(text):
                self.needs_options.update(re.findall(r"\w+", line))
        elif name.startswith(("Makefile", "Kbuild")):
            self.names_files = set(made_of(os.path.dirname(path), text))
        elif name.endswith((".c", ".h", ".S")):
            self.names_files = set(included(path, INCLUDE.findall(text)))
            text = BLANK.sub(" ", text)
            self.needs_options = set(CONFIG.findall(text))
            self.read_code(path, text)

    def read_code(self, path, text):
        header = path.endswith(".h")
        for line in DIRECTIVE.findall(text):
            macro = MACRO.match(line)
            if macro and header:
                self.functions.add(macro.group(1))
            self.uses.update(re.findall(r"\w+", line)[2:])
        text = DIRECTIVE.sub("", text)
        if path.endswith(".S"):
            self.uses.update(re.findall(r"\w+", text))
        else:
            self.read_statements(header, TOKEN.findall(text))

    def read_statements(self, header, tokens):
        braces = parentheses = 0
        statement, called = set(), []
        for token, following in zip(tokens, tokens[1:] + [""]):
            if token == "{":
                if not braces and called and "=" not in statement and \
                        (header or "static" not in statement):
                    self.functions.add(called[0])
                braces += 1
            elif token == "}":
                braces = max(braces - 1, 0)
            elif token in "()":
                parentheses = max(parentheses + (1 if token == "(" else -1), 0)
            elif braces:
                self.uses.add(token)
            elif following == "(" and not parentheses and not ATTRIBUTE.match(token):
                called.append(token)
            elif not (called and EXPORT.match(called[0])):
                self.uses.add(token)
            statement.add(token)
            if not braces and token in ";}":
                statement, called, parentheses = set(), [], 0


def program_of(path):
    """What a name is shared in: the kernel, or one of its selftests."""
    match = re.match(r"tools/testing/selftests/\w+/|tools/\w+/", path)
    return match.group(0) if match else ""


def included(path, names):
    """The files that an #include may mean."""
    program = program_of(path)
    for name in names:
        yield os.path.normpath(os.path.join(os.path.dirname(path), name))
        for below in ("include", "include/x86") if program else \
                ("include", "include/uapi", "arch/x86/include"):
            yield os.path.join(program + below, name)


def made_of(directory, text):
    """The files that a Makefile may mean."""
    for word in re.findall(r"[\w./-]+", text):
        stem, suffix = os.path.splitext(os.path.join(directory, word))
        for end in ((".c", ".S") if suffix == ".o" else (suffix, suffix + ".c")):
            yield os.path.normpath(stem + end)

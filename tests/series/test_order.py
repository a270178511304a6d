# SPDX-License-Identifier: GPL-2.0-only
"""What `make series` says about the order of patches and topics."""

import os

from test_refusals import guards
from tiny import hook, patch, topic

CALLEE = "int callee(int x)\n{\n\treturn x;\n}\nEXPORT_SYMBOL_GPL(callee);\n"
HEADER = "int callee(int x);\n"
CALLER = '#include "callee.h"\nint other(void)\n{\n\treturn callee(1);\n}\n'
USED_LATER = "elif patches[used].topic != patches[brought].topic:"


def append(path, last, *lines):
    """A hunk that adds lines at the end of a file of one line."""
    return ("diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1 +1,%d @@\n %s\n" % (
        path, path, path, path, 1 + len(lines), last) + "".join("+%s\n" % l for l in lines))


def two_topics(tiny):
    for name in ("30-early", "40-late"):
        topic(tiny, name)


@guards("order.py", "if used < brought:", "if False:")
def test_function_used_before_it_is_there(tiny):
    topic(tiny, "30-early")
    patch(tiny, "30-early/0100-caller", {"arch/x86/caller.c": CALLER.split("\n", 1)[1]})
    patch(tiny, "30-early/0110-callee", {"arch/x86/callee.c": CALLEE})
    tiny.refuse("mails", naming=["30-early/0100-caller", "callee()", "0110-callee"])


@guards("order.py", USED_LATER, "elif False:")
def test_function_first_used_in_a_later_topic(tiny):
    two_topics(tiny)
    patch(tiny, "30-early/0100-callee", {"arch/x86/callee.c": '#include "callee.h"\n' + CALLEE,
                                         "arch/x86/callee.h": HEADER})
    patch(tiny, "40-late/0110-caller", {"arch/x86/caller.c": CALLER})
    tiny.refuse("mails", naming=["30-early/0100-callee", "callee()", "0110-caller"])
    os.rename(os.path.join(tiny.root, "series/40-late/0110-caller"),
              os.path.join(tiny.root, "series/30-early/0110-caller"))
    patch(tiny, "40-late/0120-text", {"arch/x86/text": "text\n"})
    tiny.succeed("mails")


@guards("order.py", "NAME.search(thing).group() not in self.old", "True")
def test_function_that_moves_is_not_new(tiny):
    two_topics(tiny)
    tiny.put(tiny.base, "arch/x86/old.c", "int old(void) { return callee(1); }\n")
    patch(tiny, "30-early/0100-caller", {"arch/x86/caller.c": CALLER.split("\n", 1)[1]},
          append("arch/x86/old.c", "int old(void) { return callee(1); }", "int y;"))
    patch(tiny, "40-late/0110-callee", {"arch/x86/callee.c": CALLEE})
    tiny.succeed("mails")


@guards("facts.py", r"(?:\.|->|\b(?:struct|union|enum)\s)\s*[A-Za-z_]\w*|", "")
def test_comments_strings_types_and_declarations_are_no_use(tiny):
    topic(tiny, "30-early")
    patch(tiny, "30-early/0100-other", {"arch/x86/other.c": """\
/* See callee(). */
int callee(int x);
int other(struct callee *c)
{
	return c->callee + c . callee + print("callee()");	// callee()
}
EXPORT_SYMBOL_FOR_KVM(callee);
"""})
    patch(tiny, "30-early/0110-callee", {"arch/x86/callee.c": CALLEE})
    tiny.succeed("mails")


@guards("facts.py", 'self.options = set(KCONFIG_NEW.findall(text))', "pass")
def test_option_used_before_it_is_there(tiny):
    topic(tiny, "30-early")
    patch(tiny, "30-early/0100-use", {"arch/x86/use.c": "#ifdef CONFIG_MORE\n#endif\n"})
    patch(tiny, "30-early/0110-option", {}, append(
        "arch/x86/Kconfig", "config X86", "config MORE", "\tbool"))
    tiny.refuse("mails", naming=["30-early/0100-use", "CONFIG_MORE", "0110-option"])


@guards("facts.py", "self.needs_options.update(", "set().update(")
def test_option_that_another_depends_on(tiny):
    two_topics(tiny)
    patch(tiny, "30-early/0100-option", {}, append(
        "arch/x86/Kconfig", "config X86", "config MORE", "\tbool"))
    patch(tiny, "40-late/0110-option", {"drivers/Kconfig":
                                        "config EVEN_MORE\n\tdepends on X86 && MORE\n"})
    tiny.refuse("mails", naming=["30-early/0100-option", "CONFIG_MORE", "0110-option"])


@guards("facts.py", "self.names_files = set(included(path, INCLUDE.findall(text)))", "pass")
def test_header_included_before_it_is_there(tiny):
    topic(tiny, "30-early")
    patch(tiny, "30-early/0100-use", {"drivers/use.c": "#include <linux/more.h>\n"})
    patch(tiny, "30-early/0110-header", {"include/linux/more.h": "int more;\n"})
    tiny.put(tiny.base, "include/linux/some.h", "int some;\n")
    tiny.refuse("mails", naming=["30-early/0100-use", "include/linux/more.h", "0110-header"])


@guards("facts.py", "self.names_files = set(made_of(os.path.dirname(path), text))", "pass")
def test_makefile_names_an_object_before_it_is_there(tiny):
    topic(tiny, "30-early")
    patch(tiny, "30-early/0100-build", {"drivers/Makefile": "obj-y += more.o\n"})
    patch(tiny, "30-early/0110-code", {"drivers/more.c": "int more;\n"})
    tiny.refuse("mails", naming=["30-early/0100-build", "drivers/more.c", "0110-code"])


@guards("facts.py", "return match.group(0) if match else \"\"", "return \"\"")
def test_kernel_and_tools_have_functions_of_their_own(tiny):
    two_topics(tiny)
    patch(tiny, "30-early/0100-callee", {"arch/x86/callee.c": CALLEE,
                                         "arch/x86/caller.c": CALLER.split("\n", 1)[1]})
    patch(tiny, "40-late/0110-test", {"tools/testing/selftests/x86/callee.c": CALLEE,
                                      "tools/testing/selftests/x86/a.c": "int a = callee;\n"})
    patch(tiny, "20-x86/0090-use", {"tools/testing/selftests/kvm/use.c": "int b = callee;\n"})
    tiny.put(tiny.base, "tools/Makefile", "all:\n")
    tiny.succeed("mails")


def test_topic_that_needs_a_later_one(tiny):
    two_topics(tiny)
    patch(tiny, "30-early/0100-early", {}, hook("line 20", "line twenty", 20).replace(
        " line 21\n", " line twenty-one\n"))
    patch(tiny, "40-late/0110-late", {}, hook("line 21", "line twenty-one", 21))
    tiny.refuse("mails", naming=["30-early/0100-early", "does not apply"])

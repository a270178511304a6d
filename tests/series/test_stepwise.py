# SPDX-License-Identifier: GPL-2.0-only
"""make series-bisect: what is built, in which state, and what is tested after a topic.

A builder of kernels that only writes down what it is told stands for the real one.
"""

import os

from test_refusals import guards
from tiny import hook, patch, topic
SELFTEST = "tools/testing/selftests/kvm/x86/tdx_update_test.c"
WRITE_DOWN = """\
import os, subprocess, sys
tree = sys.argv[sys.argv.index("--tree") + 1]
head = subprocess.run(["git", "-C", tree, "log", "-1", "--format=%s"], check=True,
                      stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
with open(os.environ["WRITTEN"], "a") as file:
    print(sys.argv[1], head, *sys.argv[4:], sep="|", file=file)
sys.exit(os.path.exists(os.path.join(tree, "arch/x86/breaks.c")))
"""
# A kernel is named by its directory: tdxhost knows the names of a few only.
TESTS = """\
#!/bin/sh
kernel=$1
shift
echo "$(basename "$0") $(cd "$kernel" && basename "$PWD") $*" >>"$WRITTEN"
"""


def steps(tiny, *arguments, refused=None, written=True):
    """What was built and tested."""
    tiny.copy_tool()
    house = os.path.join(tiny.directory, "house")
    tiny.put(house, "scripts/kernel/__main__.py", WRITE_DOWN)
    os.makedirs(os.path.join(house, "build/kernel/bisect"))
    for name in ("tests/scenarios/kunit", "tests/selftests/topic"):
        tiny.put(house, name, TESTS)
        os.chmod(os.path.join(house, name), 0o755)
    os.environ["WRITTEN"] = path = os.path.join(tiny.directory, "written")
    if refused:
        tiny.refuse("bisect", *arguments, naming=refused)
    else:
        tiny.succeed("bisect", *arguments)
    if not written:
        assert not os.path.exists(path)
        return None
    with open(path) as file:
        return file.read().splitlines()


@guards("stepwise.py", "series.commits[count])", "end)")
def test_kernel_after_each_patch(tiny):
    topic(tiny, "30-more")
    patch(tiny, "30-more/0100-a", {}, hook("line 20", "line twenty", 20))
    patch(tiny, "30-more/0110-b", {}, hook("line 30", "line thirty", 30))
    assert steps(tiny) == ["bisect|drivers: Change a line", "bisect|x86: Add a file",
                           "bisect|x86: 30-more/0100-a", "bisect|x86: 30-more/0110-b"]


@guards("stepwise.py", "if here and topic.option:", "if False:")
def test_topic_without_its_option(tiny):
    patch(tiny, "10-drivers/0015-option", {"drivers/Kconfig": "config TINY\n\tbool\n"})
    tiny.put(tiny.root, "series/10-drivers/topic", "option=CONFIG_TINY\n")
    assert steps(tiny) == [
        "bisect|drivers: Change a line", "bisect|x86: 10-drivers/0015-option",
        "bisect-without|x86: 10-drivers/0015-option|--without|CONFIG_TINY",
        "bisect|x86: Add a file"]


@guards("order.py", "if topic.option and not", "if False and not")
def test_option_that_is_none(tiny):
    tiny.put(tiny.root, "series/20-x86/topic", "option=CONFIG_X86\n")
    tiny.succeed("mails")
    tiny.put(tiny.root, "series/20-x86/topic", "option=CONFIG_TINI\n")
    tiny.refuse("mails", naming=["series/20-x86/topic", "CONFIG_TINI"])


@guards("stepwise.py", "    if found:", "    if True:")
def test_kunit_tests_after_each_topic(tiny):
    patch(tiny, "20-x86/0030-test", {"arch/x86/tdx_a_kunit.c": "a\n",
                                     "arch/x86/tdx_b_kunit.c": "b\n"})
    assert steps(tiny, "--test") == [
        "bisect|drivers: Change a line", "bisect|x86: Add a file",
        "bisect|x86: 20-x86/0030-test", "kunit bisect tdx_a tdx_b"]


@guards("stepwise.py", "    if has_selftests(repository, end):", "    if True:")
def test_selftests_after_each_topic_that_has_them(tiny):
    topic(tiny, "30-more")
    patch(tiny, "30-more/0100-test", {SELFTEST: "int main(void) { return 0; }\n"})
    assert steps(tiny, "--test") == [
        "bisect|drivers: Change a line", "bisect|x86: Add a file",
        "bisect|x86: 30-more/0100-test", "topic bisect " + tiny.tree]


@guards("stepwise.py", "if here and (not words or", "if here and (True or")
def test_ends_of_some_topics_alone(tiny):
    topic(tiny, "30-more")
    patch(tiny, "30-more/0100-a", {"arch/x86/tdx_a_kunit.c": "a\n"})
    patch(tiny, "30-more/0110-b", {SELFTEST: "int main(void) { return 0; }\n"})
    assert steps(tiny, "--test", "--topics", "more") == [
        "bisect|x86: 30-more/0110-b", "kunit bisect tdx_a", "topic bisect " + tiny.tree]


@guards("stepwise.py", "    if not number:", "    if False:")
def test_topic_that_there_is_not(tiny):
    steps(tiny, "--topics", "mroe", refused=["TOPICS=mroe", "no topic"], written=False)


@guards("stepwise.py", "any(word in topic.name", "all(word in topic.name")
def test_several_topics(tiny):
    assert steps(tiny, "--topics", "x86", "10") == [
        "bisect|drivers: Change a line", "bisect|x86: Add a file"]


@guards("stepwise.py", "raise Failure(what)", "pass")
def test_patch_that_does_not_build(tiny):
    patch(tiny, "10-drivers/0015-breaks", {"arch/x86/breaks.c": "no\n"})
    assert len(steps(tiny, refused=["does not build after", "0015-breaks"])) == 2

# SPDX-License-Identifier: GPL-2.0-only
"""The four measurements. Each returns plain data: what goes into the JSON file."""

import tempfile
from pathlib import Path

from .boots import PAIR, boot, median, of, spread

KERNELS = ("stock", "patched")
BUILDERS = (1, 2, 4, 8)
# Of a TD there, beside its program: building it is most of what a builder does, as
# with TDs that start from a firmware image.
EXTRA_PAGES = 40
CPUS = (1, 2, 4, 8, 16)
# Large against the noise of a host whose CPUs share a few real ones.
INSTALL_COST_MS = 20


def corruption(kernel, builds, updates):
    """Four builders in a loop and updates among them: what is spoilt."""
    # The builders are stopped when they have built enough and all updates are made.
    lines = boot(f"""
tdload build --builders 4 --count {builds} --tolerant >/tmp/builds & build=$!
tdload update --count {updates} --pause-ms 100 {PAIR} >/tmp/updates
until ! kill -0 $build 2>/dev/null; do
	sleep 0.2
done
grep ^builds /tmp/builds
grep ^updates /tmp/updates
grep ^update' ' /tmp/updates
""", kernel=kernel)
    built, updated = of(lines, "builds")[0], of(lines, "updates")[0]
    errors = [line["error"] for line in of(lines, "update") if line.values.get("error") != "none"]
    return {"builds": built["built"], "wrong_mrtd": built["wrong"],
            "failed_builds": built["failed"], "updates": updated["done"],
            "failed_updates": updated["failed"], "update_errors": errors[:5],
            "update_ms": median([line["total_us"] / 1000 for line in of(lines, "update")
                                 if "total_us" in line.values])}


def waiting(repeats):
    """How long an update takes while N builders never pause, by two policies.

    Both on the patched kernel. "reject" is an updater that is turned away while any
    TD is being built and tries again after 10 ms; it gives up after 10 s.
    """
    script = ""
    for builders in BUILDERS:
        for policy in ("wait", "reject"):
            option = "--reject-on-build /tmp/state" if policy == "reject" else ""
            script += f"""
rm -f /tmp/state
tdload build --builders {builders} --count 1000000 --extra-pages {EXTRA_PAGES} --state /tmp/state >/tmp/builds & build=$!
sleep 1
tdload update {option} --give-up-ms 10000 --count {repeats} --pause-ms 300 {PAIR} |
	sed -n 's/^update /{policy}-{builders} /p'
kill $build
wait $build
"""
    lines = boot(script, kernel="patched")
    result = {}
    for policy in ("wait", "reject"):
        result[policy] = {}
        for builders in BUILDERS:
            found = of(lines, f"{policy}-{builders}")
            row = spread([line["total_us"] / 1000 for line in found])
            row["gave_up"] = sum("gave-up" in line.values for line in found)
            row["turned_away"] = sum(line.values.get("refused", 0) for line in found)
            result[policy][str(builders)] = row
    return result


def build_cost(kernel, builds):
    """What one build costs, nothing else going on: calls, instructions, time."""
    plain = boot(f"tdload build --count 10 >/dev/null; tdload build --count {builds}",
                 kernel=kernel, cpus=2)
    # One nanosecond for each instruction: the guest's clock counts them.
    counted = boot(f"tdload build --count 3 >/dev/null; tdload build --count {max(builds // 10, 5)}",
                   kernel=kernel, cpus=1, options=("--count-instructions",))
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory, "trace")
        boot("tdload build --count 2 >/dev/null; tdxctl trace mark begin >/dev/null\n"
             "tdload build --count 10 >/dev/null; tdxctl trace mark end >/dev/null",
             kernel=kernel, cpus=2, options=("--trace", trace))
        calls = _calls_between_marks(trace)
    time, instructions = of(plain, "builds")[0], of(counted, "builds")[0]
    return {"seamcalls": calls / 10,
            "instructions": {"median": instructions["median_us"] * 1000,
                             "min": instructions["p10_us"] * 1000,
                             "max": instructions["p90_us"] * 1000},
            "time_us": {"median": time["median_us"], "min": time["p10_us"],
                        "max": time["p90_us"], "samples": builds}}


def _calls_between_marks(trace):
    """SEAMCALLs but for TD entries, whose number depends on interrupts."""
    count, inside = 0, False
    with open(trace, encoding="ascii", errors="replace") as file:
        for line in file:
            if " MARK " in line:
                inside = "begin" in line
            elif inside and "VP.ENTER" not in line:
                count += 1
    return count


def stall(kernel, cpus, repeats):
    """How long CPUs and a running TD stand still for one update."""
    # More CPUs take longer to get through their turns: the run has time for them.
    lines = boot(f"""
tdxctl cost INSTALL={INSTALL_COST_MS * 1000} >/dev/null
tdload stall --count {repeats} {PAIR}
tdload run >/tmp/run & run=$!
until grep -q ^chain /tmp/run; do sleep 0.2; done
for i in $(seq {repeats}); do
	kill -USR1 $run
	tdload update --count 1 {PAIR} >/dev/null
done
kill -USR1 $run
kill $run
wait $run
sed -n 's/^lap /pause /p' /tmp/run
grep ^chain-end /tmp/run
""", kernel=kernel, cpus=cpus)
    rows, end = of(lines, "stall"), of(lines, "chain-end")[0]
    # The first lap is what passed before the first update.
    pauses = [line["longest_pause_us"] / 1000 for line in of(lines, "pause")[1:]]
    return {"stall_ms": spread([row["stall_us"] / 1000 for row in rows]),
            "idle_ms": spread([row["idle_us"] / 1000 for row in rows]),
            "update_ms": spread([row["total_us"] / 1000 for row in rows]),
            "td_pause_ms": spread(pauses),
            "failed": sum(row["error"] != "none" for row in rows),
            "td_intact": end["intact"] == "yes"}

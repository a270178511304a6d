# SPDX-License-Identifier: GPL-2.0-only
"""The measurements. Each returns plain data: what goes into the JSON file."""

import tempfile
from pathlib import Path

from .boots import IMAGES, PAIR, boot, median, of, spread

KERNELS = ("stock", "patched")
BUILDERS = (1, 2, 4, 8)
# Of a TD there, beside its program: building it is most of what a builder does, as
# with TDs that start from a firmware image.
EXTRA_PAGES = 40
CPUS = (1, 2, 4, 8, 16)
# As design and discussion have them: the calls that only count are short, the one that
# replaces the module is long, and large against the noise of a host whose CPUs share a
# few real ones.
COSTS_MS = {"INSTALL": 0.1, "INSTALL.LAST": 20, "TDH.SYS.LP.INIT": 0.1}
INSTALL_COST_MS = COSTS_MS["INSTALL.LAST"]
# What stands still for so much longer than anything does without an update is counted.
STANDS_STILL_MS = 5
ROUND_TRIPS = 10000
BAD_IMAGE = "broken/bad-signature"

SET_COSTS = "".join(f"tdxctl cost {leaf}={cost * 1000:.0f}us >/dev/null\n"
                    for leaf, cost in COSTS_MS.items())
# A TD that runs, from its first report to its end.
RUN = """
tdload run %s >/tmp/run & run=$!
until grep -q ^chain /tmp/run; do sleep 0.2; done
"""
END = """
kill $run
wait $run
grep ^chain-end /tmp/run
"""

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


# The kernel's own times, so that waits and builds are counted by one clock: how long an
# update waited for builds, and for how long a build kept updates out.
TRACING = "/sys/kernel/tracing"
TRACE_WAITS = f"""
echo 8192 >{TRACING}/buffer_size_kb
for event in phase phase_end block_end; do
	echo 1 >{TRACING}/events/tdx_update/tdx_update_$event/enable
done
"""
LONGEST = """awk '
{ for (i = 1; i < NF; i++) if ($i ~ /^[0-9]+[.][0-9]+:$/) now = $i * 1000000 }
/phase: phase=drain/ { begin = now }
/phase_end: phase=drain error=0/ { updates++; if (now - begin > longest) longest = now - begin }
/block_end:/ { sub(/.*held_us=/, ""); if ($1 > held) held = $1 + 0 }
END { printf "drains-%d updates=%d wait_us=%d build_us=%d\\n", builders, updates, longest, held }' builders="""


def waiting(repeats):
    """How long an update takes while N builders never pause, by two policies.

    Both on the patched kernel. "reject" is an updater that is turned away while any
    TD is being built and tries again after 10 ms; it gives up after 10 s.
    """
    script = TRACE_WAITS
    for builders in BUILDERS:
        for policy in ("wait", "reject"):
            option = "--reject-on-build /tmp/state" if policy == "reject" else ""
            script += f"""
rm -f /tmp/state
echo >{TRACING}/trace
tdload build --builders {builders} --count 1000000 --extra-pages {EXTRA_PAGES} --state /tmp/state >/dev/null & build=$!
sleep 1
tdload update {option} --give-up-ms 10000 --count {repeats} --pause-ms 300 {PAIR} |
	sed -n 's/^update /{policy}-{builders} /p'
kill $build
wait $build
"""
            if policy == "wait":
                script += f"{LONGEST}{builders} {TRACING}/trace\n"
    lines = boot(script, kernel="patched")
    result = {}
    for policy in ("wait", "reject"):
        result[policy] = {}
        for builders in BUILDERS:
            found = of(lines, f"{policy}-{builders}")
            row = spread([line["total_us"] / 1000 for line in found])
            if policy == "wait":
                longest = of(lines, f"drains-{builders}")[0]
                row["waits"] = longest["updates"]
                row["longest_wait_ms"] = longest["wait_us"] / 1000
                row["longest_build_ms"] = longest["build_us"] / 1000
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


def round_trips(kernel):
    """Instructions of a TD's exits and entries, counted; its program does nothing between."""
    lines = boot(f"tdload run --steps 1 --reports 50 >/dev/null\n"
                 f"tdload run --steps 1 --reports {ROUND_TRIPS // 4}",
                 kernel=kernel, cpus=1, options=("--count-instructions",))
    return {"round_trips": ROUND_TRIPS, "instructions": of(lines, "chain-end")[0]["run_us"] * 1000}


def _milliseconds(text):
    """1,2,3 microseconds, one number for each CPU."""
    return [int(number) / 1000 for number in str(text).split(",")]


def _standstill(rows):
    """Of each update: which CPUs stood still, and how long others did at most.

    The noise is the longest that any CPU was late in the same run when no more happened than
    that one of them worked, as one does for an update.
    The CPU that was late the longest is taken for the one that did the work.
    """
    result = {}
    for watch in ("thread", "timer"):
        noise = max(max(_milliseconds(row[f"idle-{watch}"])) for row in rows)
        still, others, longest = [], [], []
        for row in rows:
            late = sorted(_milliseconds(row[f"stall-{watch}"]))
            still.append(sum(ms > noise + STANDS_STILL_MS for ms in late))
            longest.append(late[-1])
            others.append(late[-2] if len(late) > 1 else 0)
        result[watch] = {"noise_ms": noise, "cpus_still": median(still), "stall_ms": spread(longest),
                         "others_ms": spread(others)}
    return result


def stall(kernel, cpus, repeats):
    """How long CPUs and a running TD stand still for one update, without a TD and with one."""
    last = 1 << (cpus - 1)
    lines = boot(SET_COSTS + f"""
tdload stall --count {repeats} {PAIR} | sed 's/^stall /alone /'
""" + RUN % "" + f"""
taskset -ap {last:x} $run >/dev/null
tdload stall --count {repeats} {PAIR} | sed 's/^stall /beside /'
for i in $(seq {repeats}); do
	kill -USR1 $run
	tdload update --count 1 {PAIR} >/dev/null
done
kill -USR1 $run
""" + END + """
sed -n 's/^lap /pause /p' /tmp/run
""", kernel=kernel, cpus=cpus)
    alone, beside, end = of(lines, "alone"), of(lines, "beside"), of(lines, "chain-end")[0]
    # The first lap is what passed before the first update.
    pauses = [line["longest_pause_us"] / 1000 for line in of(lines, "pause")[1:]]
    return {"alone": _standstill(alone), "beside_td": _standstill(beside),
            "stall_ms": spread([row["stall_us"] / 1000 for row in alone]),
            "idle_ms": spread([row["idle_us"] / 1000 for row in alone]),
            "update_ms": spread([row["total_us"] / 1000 for row in alone]),
            "td_pause_ms": spread(pauses),
            "failed": sum(row["error"] != "none" for row in alone + beside),
            "td_intact": end["intact"] == "yes"}


def rejected(kernel):
    """An image that P-SEAMLDR rejects, beside a running TD: what is lost, how long it pauses.

    The stock kernel has no module then, and its KVM warns of that: the host is not well. It may
    even use memory again that TDX still protects, which is the end of the run.
    """
    stock = kernel == "stock"
    lines = boot(SET_COSTS + RUN % "" + f"""
kill -USR1 $run
tdload update --count 1 {IMAGES}/{BAD_IMAGE}.blob
kill -USR1 $run
sleep 1
echo "after version=$(cat /sys/devices/faux/tdx_host/version 2>/dev/null || echo none)" \
	"build=$(tdload build --count 1 >/dev/null 2>&1 && echo works || echo fails)"
""" + END + """
sed -n 's/^lap /pause /p' /tmp/run
""", kernel=kernel, cpus=4, tolerate=(126,) if stock else (), whole=not stock)
    after, update, end = of(lines, "after"), of(lines, "update")[0], of(lines, "chain-end")
    pauses = [line["longest_pause_us"] / 1000 for line in of(lines, "pause")]
    intact = bool(end) and end[0]["intact"] == "yes"
    return {"error": update["error"], "tdx_lost": not after or after[0]["build"] != "works",
            "td_intact": intact, "td_pause_ms": pauses[-1] if intact and pauses else None}


def throughput(kernel):
    """Hashes in each 10 ms, of one thread on each CPU, across an update."""
    lines = boot(SET_COSTS + f"tdload hash {IMAGES}/1.5.06.blob", kernel=kernel, cpus=2)
    end = of(lines, "hash")[0]
    return {"begin_ms": end["begin_us"] / 1000, "end_ms": end["end_us"] / 1000,
            "slices": [[line["ms"], line["hashes"]] for line in of(lines, "slice")]}

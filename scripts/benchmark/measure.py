# SPDX-License-Identifier: GPL-2.0-only
"""The measurements. Each returns plain data: what goes into the JSON file."""

import tempfile
from pathlib import Path

from .boots import boot, median, of, spread

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

COSTS = ",".join(f"{leaf}={cost * 1000:.0f}us" for leaf, cost in COSTS_MS.items())


def corruption(kernel, builds, updates):
    """Four builders in a loop and updates among them: what is spoilt."""
    lines = boot("corruption", builds, updates, kernel=kernel)
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
    TD is being built and tries again after 10 ms; it gives up after 10 s. Waits and
    builds are counted by one clock, the kernel's: how long an update waited for builds,
    and for how long a build kept updates out.
    """
    lines = boot("waiting", repeats, EXTRA_PAGES, *BUILDERS, kernel="patched")
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
    plain = boot("builds", 10, builds, kernel=kernel, cpus=2)
    # One nanosecond for each instruction: the guest's clock counts them.
    counted = boot("builds", 3, max(builds // 10, 5), kernel=kernel, cpus=1,
                   options=("--count-instructions",))
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory, "trace")
        boot("traced_builds", 10, kernel=kernel, cpus=2, options=("--trace", trace))
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
    lines = boot("round_trips", ROUND_TRIPS // 4, kernel=kernel, cpus=1,
                 options=("--count-instructions",))
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
    lines = boot("stall", COSTS, f"{1 << (cpus - 1):x}", repeats, kernel=kernel, cpus=cpus)
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
    lines = boot("rejected", COSTS, BAD_IMAGE, kernel=kernel, cpus=4,
                 tolerate=(126,) if stock else (), whole=not stock)
    after, update, end = of(lines, "after"), of(lines, "update")[0], of(lines, "chain-end")
    pauses = [line["longest_pause_us"] / 1000 for line in of(lines, "pause")]
    intact = bool(end) and end[0]["intact"] == "yes"
    return {"error": update["error"], "tdx_lost": not after or after[0]["build"] != "works",
            "td_intact": intact, "td_pause_ms": pauses[-1] if intact and pauses else None}


def throughput(kernel):
    """Hashes in each 10 ms, of one thread on each CPU, across an update."""
    lines = boot("throughput", COSTS, kernel=kernel, cpus=2)
    end = of(lines, "hash")[0]
    return {"begin_ms": end["begin_us"] / 1000, "end_ms": end["end_us"] / 1000,
            "slices": [[line["ms"], line["hashes"]] for line in of(lines, "slice")]}

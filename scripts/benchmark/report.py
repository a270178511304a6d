# SPDX-License-Identifier: GPL-2.0-only
"""The results as a table that says what it means, and as a plot."""

import shutil
import subprocess

from .boots import median
from .measure import STANDS_STILL_MS

WIDTH = 98


def _ms(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _range(row, scale=1):
    if row["median"] is None:
        return "-"
    return f"{_ms(row['median'] / scale)} ({_ms(row['min'] / scale)}..{_ms(row['max'] / scale)})"


def _head(number, text):
    return ["", f"{number}. {text}", "-" * WIDTH]


def _corruption(result):
    lines = _head(1, "Builders in a loop, updates among them: what is spoilt (less is better)")
    lines.append(f"{'':10}{'TDs built':>11}{'wrong MRTD':>12}{'failed builds':>15}"
                 f"{'updates':>9}{'failed updates':>16}")
    for kernel, row in result.items():
        lines.append(f"{kernel:10}{row['builds']:11,}{row['wrong_mrtd']:12}{row['failed_builds']:15}"
                     f"{row['updates']:9}{row['failed_updates']:16}")
    return lines


def _waiting(result):
    lines = _head(2, "Time of an update in ms while N builders never pause: median (range)")
    lines.append(f"{'N':>3}  {'update waits, builds held back':32}{'update turned away, tried again':32}")
    for builders in result["wait"]:
        wait, reject = result["wait"][builders], result["reject"][builders]
        lost = f", {reject['gave_up']} of {reject['samples']} gave up" if reject["gave_up"] else ""
        lines.append(f"{builders:>3}  {_range(wait):32}{_range(reject)}{lost}")
        if wait.get("longest_build_ms"):
            lines.append(f"{'':>5}of that, the wait for builds: at most {_ms(wait['longest_wait_ms'])}, "
                         f"the longest build: {_ms(wait['longest_build_ms'])}")
    return lines


def _cost(result):
    lines = _head(3, "Cost of building one TD, nothing else going on: median (p10..p90)")
    lines.append(f"{'':10}{'SEAMCALLs':>10}{'guest instructions':>34}{'time in us':>24}")
    for kernel, row in result.items():
        lines.append(f"{kernel:10}{row['seamcalls']:10.1f}{_range(row['instructions']):>34}"
                     f"{_range(row['time_us']):>24}")
    stock, patched = result["stock"], result["patched"]
    change = [100 * (new / old - 1) for old, new in (
        (stock["seamcalls"], patched["seamcalls"]),
        (stock["instructions"]["median"], patched["instructions"]["median"]),
        (stock["time_us"]["median"], patched["time_us"]["median"]))]
    lines.append(f"{'change':10}{change[0]:+9.2f}%{change[1]:+33.2f}%{change[2]:+23.2f}%")
    lines.append("Calls and instructions are counted, the time has the noise that its range shows.")
    return lines


def _stall(result, cost):
    lines = _head(4, f"One update, {cost} ms for the INSTALL that replaces the module: standstill in ms, median (range)")
    lines.append(f"{'CPUs':>4} {'kernel':9}{'noise':>7}{'CPUs still':>12}{'longest':>16}{'on any other':>16}"
                 f"{'a TD does not run':>20}")
    for cpus in next(iter(result.values())):
        for kernel, rows in result.items():
            row = rows[cpus]
            for where, tag in (("alone", ""), ("beside_td", "+")):
                for watch in ("thread", "timer"):
                    one = row[where][watch]
                    pause = _range(row["td_pause_ms"]) if (where, watch) == ("alone", "thread") else ""
                    lines.append(f"{cpus:>4} {kernel + tag:9}{_ms(one['noise_ms']):>7}{one['cpus_still']:>12g}"
                                 f"{_range(one['stall_ms']):>16}{_range(one['others_ms']):>16}{pause:>20}"
                                 f"  {watch}")
    lines.append(f"A CPU is still when it is late by {STANDS_STILL_MS} ms more than the noise: what any CPU was late")
    lines.append("in the same run while no more happened than that one of them worked. +: a TD runs on the last")
    lines.append("CPU. Each CPU is watched by a thread of normal priority and by a timer with a real-time thread")
    lines.append("behind it.")
    return lines


def _round_trips(result):
    lines = _head(5, "Cost of a TD's exits and entries, in instructions: counted, no noise")
    stock, patched = (result[kernel]["instructions"] for kernel in ("stock", "patched"))
    trips = result["stock"]["round_trips"]
    lines.append(f"{trips:,} round trips: stock {stock:,.0f}, patched {patched:,.0f}, {_change(stock, patched)}")
    return lines


def _change(old, new):
    return f"{100 * (new / old - 1):+.2f} %" if old else "-"


def _rejected(result):
    lines = _head(6, "An image with a bad signature, beside a running TD")
    for kernel, row in result.items():
        pause = _ms(row["td_pause_ms"]) + " ms" if row["td_pause_ms"] is not None else "for good"
        lines.append(f"{kernel:10}{'TDX is lost' if row['tdx_lost'] else 'nothing is lost':18}"
                     f"TD {'intact' if row['td_intact'] else 'lost'}, paused {pause} ({row['error']})")
    return lines


def _throughput(result):
    lines = _head(7, "A plain workload on 2 CPUs across an update: hashes in 10 ms")
    for kernel, row in result.items():
        during = [count for ms, count in row["slices"] if row["begin_ms"] <= ms <= row["end_ms"]]
        usual = _usual(row)
        empty = sum(count < usual / 10 for count in during)
        lines.append(f"{kernel:10}usual {usual:,.0f}; while the update runs, in {len(during)} slices: median "
                     f"{median(during) or 0:,.0f}, least {min(during, default=0):,}, {empty} nearly empty")
    return lines


def _figures(results):
    """design: what there is to reach, in one table."""
    stall, reach = results["stall"], []
    most = max(stall["stock"], key=int)
    spoilt = [" / ".join(str(results["corruption"][kernel][key]) for key in
                         ("wrong_mrtd", "failed_builds", "failed_updates")) for kernel in ("stock", "patched")]
    reach.append(("wrong MRTDs / failed builds / failed updates", *spoilt, "0 / 0 / 0"))
    still = [" ".join(f"{stall[kernel][cpus]['alone']['thread']['cpus_still']:g}" for cpus in stall[kernel])
             for kernel in ("stock", "patched")]
    reach.append((f"CPUs that stand still, of {'/'.join(stall['stock'])}", *still, "1 each"))
    others = [stall[kernel][most]["alone"]["thread"]["others_ms"]["median"] for kernel in ("stock", "patched")]
    reach.append((f"longest stall on any other of {most} CPUs, ms", *map(_ms, others), "stock / 10"))
    pauses = [stall[kernel][most]["td_pause_ms"]["median"] for kernel in ("stock", "patched")]
    reach.append((f"a TD's pause with {most} CPUs, ms", *map(_ms, pauses), "stock + rehearsal"))
    builds = [results["build_cost"][kernel]["instructions"]["median"] for kernel in ("stock", "patched")]
    trips = [results["round_trips"][kernel]["instructions"] for kernel in ("stock", "patched")]
    reach.append(("instructions of a TD's build", "", _change(*builds), "+0.1 %"))
    reach.append(("instructions of exits and entries", "", _change(*trips), "+0.1 %"))
    bad = [f"{'TDX lost' if results['rejected'][kernel]['tdx_lost'] else 'nothing lost'}, "
           f"{_ms(results['rejected'][kernel]['td_pause_ms'])}" for kernel in ("stock", "patched")]
    reach.append(("an image that is rejected; a TD's pause, ms", *bad, "nothing, < 50"))
    waits = [row["longest_wait_ms"] / row["longest_build_ms"] - 1
             for row in results["waiting"]["wait"].values() if row.get("longest_build_ms")]
    reach.append(("longest wait of an update over longest build", "-",
                  f"{100 * max(waits):+.0f} %" if waits else "-", "+10 %"))
    lines = ["", f"{'':46}{'stock':>17}{'patched':>17}  {'to reach'}", "-" * WIDTH]
    return lines + [f"{what:46}{old:>17}{new:>17}  {goal}" for what, old, new, goal in reach]


def table(results):
    lines = [f"TDX module updates, stock and patched kernel, on {results['machine']}"]
    lines += _figures(results)
    lines += _corruption(results["corruption"])
    lines += _waiting(results["waiting"])
    lines += _cost(results["build_cost"])
    lines += _stall(results["stall"], results["install_cost_ms"])
    lines += _round_trips(results["round_trips"])
    lines += _rejected(results["rejected"])
    lines += _throughput(results["throughput"])
    return "\n".join(lines) + "\n"


PLOT = """
set terminal svg size 1000,1120 font "sans,13" background "white"
set output "{output}"
set multiplot layout 3,2 title "TDX module updates: stock and patched kernel, emulated host, INSTALL {cost} ms"
set style fill solid 0.8
set boxwidth 0.8
set grid ytics
set key right top

set title "Spoilt, of {builds} TDs built beside {updates} updates"
set style data histogram
set style histogram clustered
set yrange [0:*]
set xtics ("MRTDs" 0, "builds" 1, "updates" 2)
plot $corruption using 1 title "stock" lc rgb "#b04030", "" using 2 title "patched" lc rgb "#3060a0"

set key left top
set title "Time of an update beside builders (ms)"
set style data linespoints
set xtics auto
set logscale x 2
set logscale y
set yrange [*:*]
set xrange [0.8:20]
set xlabel "builders"
plot $waiting using 1:2:3:4 with yerrorlines title "update waits, builds held back" lc rgb "#3060a0", \\
     "" using 1:5:6:7 with yerrorlines title "turned away, tried again" lc rgb "#b04030"

set title "Standstill of the CPU that updates (ms)"
set xlabel "CPUs"
plot $stall using 1:2:3:4 with yerrorlines title "stock" lc rgb "#b04030", \\
     "" using 1:5:6:7 with yerrorlines title "patched" lc rgb "#3060a0", \\
     "" using 1:8 title "noise" with lines dt 2 lc rgb "#808080"

set title "Pause of a running TD (ms)"
plot $pause using 1:2:3:4 with yerrorlines title "stock" lc rgb "#b04030", \\
     "" using 1:5:6:7 with yerrorlines title "patched" lc rgb "#3060a0"

set title "Standstill of any other CPU (ms)"
plot $others using 1:2:3:4 with yerrorlines title "stock" lc rgb "#b04030", \\
     "" using 1:5:6:7 with yerrorlines title "patched" lc rgb "#3060a0"
unset multiplot
"""


# For the README: what someone who has nothing to do with TDX notices of an update.
WORKLOAD = """
set terminal svg size 900,420 font "sans,13" background "white"
set output "{output}"
set multiplot layout 2,1 title "A plain workload on 2 CPUs while the TDX module is updated: hashes in 10 ms, % of usual"
set style fill solid 0.8 noborder
set boxwidth 9
set xrange [-200:{end}]
set yrange [0:160]
set ytics 50
set grid ytics
set key right top horizontal
set style rect fc rgb "#f0e8d0" fs solid noborder
set obj 1 rect from 0, graph 0 to {stock_end}, graph 1 behind
plot $stock using ($1+5):2 with boxes title "stock, update takes {stock_end:.0f} ms" lc rgb "#b04030"
unset title
set xlabel "ms since the image was uploaded"
set obj 1 rect from 0, graph 0 to {patched_end}, graph 1 behind
plot $patched using ($1+5):2 with boxes title "patched, update takes {patched_end:.0f} ms" lc rgb "#3060a0"
unset multiplot
"""


def _block(name, rows):
    """Data for gnuplot; what is missing is told as such."""
    text = "\n".join(" ".join("NaN" if value is None else str(value) for value in row)
                     for row in rows)
    return f"${name} << EOD\n{text}\nEOD\n"


def _points(row):
    return [row["median"], row["min"], row["max"]]


def _usual(row):
    """Of a slice far enough from the begin of the workload and from the update."""
    return median([count for ms, count in row["slices"] if 50 <= ms < row["begin_ms"] - 50]) or 0


def plot_workload(results, output):
    """Draw that one figure by itself; False when there is no gnuplot."""
    if not shutil.which("gnuplot"):
        return False
    text, ends = "", {}
    for kernel in ("stock", "patched"):
        row = results["throughput"][kernel]
        usual = _usual(row) or 1
        # The last slice is not a whole one.
        text += _block(kernel, [[ms - row["begin_ms"], 100 * count / usual] for ms, count in row["slices"][:-1]])
        ends[f"{kernel}_end"] = row["end_ms"] - row["begin_ms"]
    text += WORKLOAD.format(output=output, end=max(ends.values()) + 200, **ends)
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    return True


def plot(results, output):
    """Draw the figures; False when there is no gnuplot."""
    if not shutil.which("gnuplot"):
        return False
    stock, patched = (results["corruption"][kernel] for kernel in ("stock", "patched"))
    keys = ("wrong_mrtd", "failed_builds", "failed_updates")
    waiting, stall = results["waiting"], results["stall"]
    text = _block("corruption", [(stock[key], patched[key]) for key in keys])
    text += _block("waiting", [[builders, *_points(waiting["wait"][builders]),
                                *_points(waiting["reject"][builders])]
                               for builders in waiting["wait"]])
    both = [(cpus, stall["stock"][cpus], stall["patched"][cpus]) for cpus in stall["stock"]]
    text += _block("stall", [[cpus, *_points(old["stall_ms"]), *_points(new["stall_ms"]),
                              max(old["idle_ms"]["median"], new["idle_ms"]["median"])]
                             for cpus, old, new in both])
    text += _block("pause", [[cpus, *_points(old["td_pause_ms"]), *_points(new["td_pause_ms"])]
                             for cpus, old, new in both])
    text += _block("others", [[cpus, *_points(old["alone"]["thread"]["others_ms"]),
                               *_points(new["alone"]["thread"]["others_ms"])]
                              for cpus, old, new in both if cpus != "1"] or [[1] + [None] * 6])
    text += PLOT.format(output=output, builds=patched["builds"], updates=patched["updates"],
                        cost=results["install_cost_ms"])
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    return True

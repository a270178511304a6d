# SPDX-License-Identifier: GPL-2.0-only
"""The results as a table that says what it means, and as a plot."""

import shutil
import subprocess

WIDTH = 78


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
    lines = _head(4, f"One update with an INSTALL of {cost} ms a CPU: standstill in ms, median (range)")
    lines.append(f"{'CPUs':>4} {'kernel':9}{'a CPU runs nothing':>22}{'noise without update':>22}"
                 f"{'a TD does not run':>20}")
    for cpus in next(iter(result.values())):
        for kernel, rows in result.items():
            row = rows[cpus]
            lines.append(f"{cpus:>4} {kernel:9}{_range(row['stall_ms']):>22}"
                         f"{_range(row['idle_ms']):>22}{_range(row['td_pause_ms']):>20}")
    lines.append("While all CPUs stand still the patched kernel also reads the new module's metadata, in")
    lines.append("some 70 SEAMCALLs. They take tens of ms here, where waiting CPUs are in the way of the")
    lines.append("one that works: all share a few real ones.")
    return lines


def table(results):
    lines = [f"TDX module updates, stock and patched kernel, on {results['machine']}"]
    lines += _corruption(results["corruption"])
    lines += _waiting(results["waiting"])
    lines += _cost(results["build_cost"])
    lines += _stall(results["stall"], results["install_cost_ms"])
    return "\n".join(lines) + "\n"


PLOT = """
set terminal svg size 1000,760 font "sans,13" background "white"
set output "{output}"
set multiplot layout 2,2 title "TDX module updates: stock and patched kernel, emulated host"
set style fill solid 0.8
set boxwidth 0.8
set grid ytics
set key right top

set title "Spoilt, of {builds} TDs built beside {updates} updates"
set style data histogram
set style histogram clustered
set yrange [0:*]
set xtics ("wrong MRTD" 0, "failed builds" 1, "failed updates" 2)
plot $corruption using 1 title "stock" lc rgb "#b04030", "" using 2 title "patched" lc rgb "#3060a0"

set key left top
set title "Time of an update (ms) beside N looping builders"
set style data linespoints
set xtics auto
set logscale x 2
set logscale y
set yrange [*:*]
set xrange [0.8:20]
set xlabel "builders"
plot $waiting using 1:2:3:4 with yerrorlines title "update waits, builds held back" lc rgb "#3060a0", \\
     "" using 1:5:6:7 with yerrorlines title "turned away, tried again" lc rgb "#b04030"

set title "Standstill of a CPU (ms), INSTALL {cost} ms"
set xlabel "CPUs"
plot $stall using 1:2:3:4 with yerrorlines title "stock" lc rgb "#b04030", \\
     "" using 1:5:6:7 with yerrorlines title "patched" lc rgb "#3060a0", \\
     "" using 1:8 title "noise" with lines dt 2 lc rgb "#808080"

set title "Pause of a running TD (ms), INSTALL {cost} ms"
plot $pause using 1:2:3:4 with yerrorlines title "stock" lc rgb "#b04030", \\
     "" using 1:5:6:7 with yerrorlines title "patched" lc rgb "#3060a0"
unset multiplot
"""


def _block(name, rows):
    """Data for gnuplot; what is missing is told as such."""
    text = "\n".join(" ".join("NaN" if value is None else str(value) for value in row)
                     for row in rows)
    return f"${name} << EOD\n{text}\nEOD\n"


def _points(row):
    return [row["median"], row["min"], row["max"]]


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
    text += PLOT.format(output=output, builds=patched["builds"], updates=patched["updates"],
                        cost=results["install_cost_ms"])
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    return True

# SPDX-License-Identifier: GPL-2.0-only
"""What tests/guest/debian-td.sh told, and whether it was right."""

import hashlib
import re

from . import disk

# SEAMCALLs without which there was no TD, no update, and no end of a TD.
LEAVES = ("TDH.VP.ENTER", "TDH.MEM.PAGE.ADD", "TDH.MR.EXTEND", "TDH.MEM.PAGE.AUG", "TDH.MR.FINALIZE",
          "TDH.SYS.SHUTDOWN", "TDH.SYS.UPDATE", "TDH.MNG.KEY.FREEID", "TDH.PHYMEM.PAGE.RECLAIM")

TICK = re.compile(r"TD: (?P<what>tick|end) cpu=(?P<cpu>\d+) links=(?P<links>\d+) chain=(?P<chain>[0-9a-f]{16}) "
                  r"longest_pause_us=(?P<pause>\d+)")
DEVICE = re.compile(r"TD: (?P<device>disk|net) (?P<what>round|end) rounds=(?P<rounds>\d+) "
                    r"chain=(?P<chain>[0-9a-f]{16})")


class Td:
    """One TD, by what its VMM and its console tell."""

    def __init__(self):
        self.mrtd = self.lockdown = None
        self.cpus = 0
        self.userland = False
        self.ticks = {}			# cpu -> its matches, in order
        self.devices = {}		# "disk" or "net" -> the last match
        self.echoes = []
        self.killed = self.stopped = False
        self.status = None		# of its VMM
        self.complaints = []

    def tell(self, text):
        """Returns the name of what is new."""
        if match := TICK.search(text):
            self.ticks.setdefault(int(match["cpu"]), []).append(match)
            return match["what"]
        if match := DEVICE.search(text):
            self.devices[match["device"]] = match
            return "device"
        if text.startswith("TD: userland"):
            self.userland = True
            self.cpus = int(re.search(r"cpus=(\d+)", text)[1])
            return "userland"
        if text.startswith("TD: mrtd="):
            self.mrtd = text[9:]
            return "mrtd"
        if text.startswith("TD: lockdown="):
            self.lockdown = text[13:]
            return "lockdown"
        if text.startswith("TD: echo "):
            self.echoes.append(text[9:])
            return "echo"
        if text.startswith("TD: stops"):
            self.stopped = True
            return "stops"
        if text.startswith("exit "):
            self.status = int(text.split()[1])
            self.killed = self.status == 137
            return "exit"
        if text.startswith("exits "):
            return "exits"
        if text.startswith(("qemu: ", "TD: device: ")):
            self.complaints.append(text)
            return "complaint"
        if text.startswith(("qemu starts", "runs", "ran", "killed", "gone")):
            return text
        return None

    @property
    def pause_ms(self):
        """The longest pause of any vCPU."""
        return max((int(ticks[-1]["pause"]) for ticks in self.ticks.values()), default=0) / 1000

    def reports(self):
        """How many each vCPU has made."""
        return {cpu: len(ticks) for cpu, ticks in self.ticks.items()}

    def rounds(self):
        """How many each device has done."""
        return {device: int(self.devices[device]["rounds"]) if device in self.devices else 0
                for device in ("disk", "net")}

    def chains_are_right(self):
        """Each chain is computed once more, as long as the TD says that it is."""
        if not self.ticks or len(self.ticks) != self.cpus:
            return False
        return all(chain(int(ticks[-1]["links"])).startswith(ticks[-1]["chain"])
                   for ticks in self.ticks.values())


def chain(links):
    value = bytes(32)
    for _ in range(links):
        value = hashlib.sha256(value).digest()
    return value.hex()


class Story:
    """devices: the first TD has some, and there are so many updates, one of which fails. signed:
    TDs boot with Secure Boot, so their kernels are locked down."""

    def __init__(self, old, new, vcpus, tds, mrtd, updates=1, devices=False, signed=False):
        self.old, self.new, self.vcpus, self.mrtd = old, new, vcpus, mrtd
        self.updates, self.devices, self.signed = updates, devices, signed
        self.tds = {name: Td() for name in ("td1", "td2", "td3")[:tds]}
        self.versions = []
        self.ticks_at_update = {}	# cpu -> how many there were
        self.waited = self.ended = False
        self.build = None
        self.operators = []		# what came of each update
        self.rounds = []		# of the devices, when a version was told
        self.lost = []
        self.result = ""
        self.calls = {}			# leaf -> how many

    def tell(self, source, text):
        """Take one event in; returns the name of what is new."""
        if source in self.tds:
            return self.tds[source].tell(text)
        if source == "operator":
            if text.startswith("end error="):
                self.operators.append(text[10:] or "success")
                return "end"
            return "start" if text.startswith("start ") else "says"
        if source != "host":
            return None
        word, _, value = text.partition(" ")
        if word == "version":
            self.versions.append(value)
            self.rounds.append(self.tds["td1"].rounds())
            if len(self.versions) <= 2:
                self.ticks_at_update = self.tds["td1"].reports()
        elif word == "lost":
            self.lost.append(value)
        elif word == "state":
            self.waited = value == "waiting builds=1"
        elif word == "build":
            self.build = value
        elif word == "result":
            self.result = value
        elif word == "calls":
            leaf, _, count = value.partition(" ")
            self.calls[leaf] = int(count)
        elif word == "end":
            self.ended = True
        return word

    def verdicts(self):
        """(did it hold, what, in words) for everything that the run must show."""
        first = self.tds["td1"]
        lacking = [leaf for leaf in LEAVES if not self.calls.get(leaf)]
        after = {cpu: told - self.ticks_at_update.get(cpu, 0)
                 for cpu, told in first.reports().items()}
        versions = [self.old] + [self.new] * self.updates
        good = self.operators.count("success") == self.updates
        verdicts = [
            (first.userland and first.cpus == self.vcpus,
             f"Debian's kernel came to its userland, with {first.cpus} vCPU(s)",
             "Debian's kernel did not come to its userland"),
            (first.mrtd == self.mrtd, "MRTD of the TDREPORT is what the firmware's file measures",
             f"MRTD is {first.mrtd}, the firmware's file measures {self.mrtd}"),
            (self.versions == versions and good,
             f"TDX module {self.old} -> {self.new}" +
             (f", and {self.updates - 1} times anew" if self.updates > 1 else ""),
             f"TDX module {' -> '.join(self.versions)}; "
             f"the operator's script: {', '.join(self.operators)}"),
            (min(after.values(), default=0) > 2 and len(after) == self.vcpus and
             first.echoes == ["before", "after"],
             f"each vCPU of the TD went on ({sum(after.values())} more reports), and it answered on "
             f"its console; its longest pause was {first.pause_ms:.0f} ms",
             f"the TD did not go on: more reports by vCPU {after}, answers {first.echoes}"),
            (first.chains_are_right(), "its chains of hashes are right, computed once more",
             "its chains of hashes are wrong"),
            (self.waited and self.build == "0", "the update waited for the build of another TD",
             f"the update did not wait for a build (which ended with {self.build})"),
            (first.stopped and first.status == 0, "the TD was shut down cleanly",
             f"the first TD: exit status {first.status}"),
            (not lacking, "the SEAMCALLs of a TD's life and of an update were made",
             f"no SEAMCALL {' '.join(lacking)} was made"),
        ]
        if self.signed:
            verdicts.append(("[integrity]" in (first.lockdown or ""),
                             "it was booted with Secure Boot: its kernel is locked down",
                             f"no Secure Boot: the kernel's lockdown is {first.lockdown}"))
        return verdicts + (self._devices() if self.devices else []) + \
            (self._others() if len(self.tds) > 1 else [])

    def _devices(self):
        verdicts = [
            (len(self.lost) == 1 and self.lost[0].startswith("failed failed:resume") and
             len(self.operators) == self.updates + 1 and
             self.calls.get("TDH.SYS.SHUTDOWN") == self.updates,
             f"one more update failed when the old module was gone ({' '.join(self.lost)}), "
             "and the next one repaired it", f"not one update failed past the shutdown: {self.lost}, "
             f"or not {self.updates} modules were shut down")]
        for device, rounds in self.tds["td1"].rounds().items():
            at = [told[device] for told in self.rounds] + [rounds]
            match = self.tds["td1"].devices.get(device)
            verdicts += [
                (match and match["what"] == "end" and
                 disk.chain(device, rounds).startswith(match["chain"]),
                 f"{device}: {rounds} rounds, and all that came back is right",
                 f"{device}: {rounds} rounds, and what came back is wrong: {match and match[0]}"),
                (at[0] == 0 and len(at) == self.updates + 2 and
                 all(a < b for a, b in zip(at, at[1:])),
                 f"{device}: it worked before, between and after all updates",
                 f"{device}: it did not go on: rounds at each update {at}")]
        return verdicts

    def _others(self):
        second, third = self.tds["td2"], self.tds["td3"]
        return [
            (second.killed, "a second TD, started meanwhile, ran and was killed in its firmware",
             "the second TD did not run"),
            (second.killed and not second.userland, "(before its kernel had said a word)",
             "the second TD came too far"),
            (third.mrtd == self.mrtd and third.stopped and third.chains_are_right() and
             third.status == 0, "a third TD began under the new module and was shut down cleanly",
             f"the third TD: userland {third.userland}, exit status {third.status}"),
        ]

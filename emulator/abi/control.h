/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated host's control port: faults, costs, holds and trace, from inside.
 *
 * Text on one I/O port, which only root of the host can reach. Write the bytes of a
 * command and a newline to CONTROL_PORT, one byte a write; then read bytes until one
 * is 0. The answer is "ok", "ok" with lines of text behind it, or "error: REASON".
 * One command at a time: whoever uses the port from several processes serializes.
 *
 * Commands
 *
 *   fault leaf=LEAF[,cpu=N][,nth=N][,repeat=N],status=STATUS[,rdx=VALUE]
 *	The nth (default 1) SEAMCALL of LEAF from now on, on CPU N or counted over
 *	all CPUs, and the repeat - 1 ones that follow it (default repeat=1; 0 = all
 *	that follow), do not reach P-SEAMLDR or the TDX module but give STATUS in
 *	RAX: a number, or vmfail (VMfailInvalid), ud (#UD) or gp (#GP). With rdx=,
 *	RDX changes too. The first fault that matches a call is the one that acts.
 *
 *   cost LEAF[,cpu=N]=TIME
 *	Each SEAMCALL of LEAF, on CPU N, takes TIME longer: a number with us (default)
 *	or ms.
 *	P-SEAMLDR serves one CPU at a time, so there another CPU's call meanwhile
 *	is VMfailInvalid.
 *
 *   cost INSTALL.LAST=TIME
 *	That SEAMLDR.INSTALL of an update which replaces the module takes TIME longer:
 *	the last LP's, when all checks have passed. It is where hardware wipes, copies
 *	and measures; the other LPs' calls only count, and a rehearsal has no such call.
 *
 *   hold LEAF[,cpu=N]
 *	A SEAMCALL of LEAF, on CPU N, does not begin until release or clear: the CPU stands
 *	before the instruction. It takes interrupts there if it has them on, and may do
 *	anything else in their handlers.
 *
 *   hold_lock LEAF[,cpu=N],lock=LOCK[,until=LEAF]
 *	Each call of LEAF, on CPU N, stays inside the TDX module where it has got that lock,
 *	until clear, or until a call of the second LEAF met a lock of another CPU's. The locks:
 *	TDR (all that name a TD or a vCPU), TD_EPOCH (TDH.VP.ENTER, TDH.MEM.TRACK), SEPT_TREE
 *	(those that need the secure EPT, and TDH.VP.ENTER of a TD that faulted too often) and
 *	SEPT_ENTRY. LEAF may be TDG.MEM.PAGE.ACCEPT, which a TD calls.
 *
 *   release
 *	No holds of the kind before the instruction.
 *
 *   clear
 *	No faults, no costs, no holds of either kind. What a call still had to spend of a
 *	cost is not spent: one of minutes that is cleared keeps a call inside at will.
 *
 *   trace on | trace off | trace mark TEXT
 *	One line for each SEAMCALL on port 0x402 (see emulator/monitor/trace.c).
 *
 *   stats
 *	Counters, one "name value" a line; calls_LEAF counts all calls that have begun,
 *	contended_LEAF those that met a lock of another CPU's, those of TDs among them
 *	(contended_TDG.MEM.PAGE.ACCEPT). cpus_in_cost of the CPUs spend a cost now, cpus_in_lock
 *	are held by hold_lock, cpus_held before a call, cpus_held_masked with interrupts off.
 *
 *   invariants deep | invariants fast
 *	Whether the TDX module checks what takes long, on each call.
 *
 *   locks hardware | locks waiting
 *	Whether the TDX module says BUSY at once when another CPU has a lock, as on
 *	hardware, or waits for it.
 *
 *   tsc exact | tsc scaled
 *	Whether the time-stamp counter of TDs made from now on runs as the host's does.
 *	A scaled one runs at the multiple of 25 MHz that the host asked for, and each
 *	RDTSC of the TD is an exit.
 *
 *   strict on | strict off
 *	Whether a host that breaks the rules ends the run, or is only counted.
 *
 *   gate on | gate off
 *	Whether a host breaks the rules that makes any SEAMCALL to the module but those
 *	of the update itself (TDH.SYS.SHUTDOWN, INIT, LP.INIT, UPDATE),
 *	TDH.PHYMEM.PAGE.RDMD and TDH.SYS.DISABLE between TDH.SYS.SHUTDOWN and a
 *	TDH.SYS.UPDATE that succeeds, or from the first SEAMLDR.INSTALL to the last
 *	one's return. For a kernel that keeps them back by itself; default off.
 *
 *   inside | inside clear
 *	For how long each CPU was inside SEAM, without TDH.VP.ENTER, since the start or
 *	the last clear: "cpuN calls NUMBER us SUM max LONGEST LEAF install NUMBER us SUM
 *	max LONGEST", the latter for SEAMLDR.INSTALL alone.
 *
 *   exit N
 *	Records N in the emulator's log: "emulator: exit N".
 *
 * LEAF is a number (with bit 63 for P-SEAMLDR), or a name with or without what stands
 * before its first dot: TDH.SYS.SHUTDOWN, SYS.SHUTDOWN, SEAMLDR.INSTALL, INSTALL.
 * Numbers are decimal, or hexadecimal with 0x.
 *
 * The same commands are the monitor's boot options (multiboot command line), with
 * a colon for the first space: "fault:leaf=INSTALL,cpu=2,status=0x8000000000010003
 * cost:INSTALL=3000us trace=on strict=off invariants=deep". There NAME=VALUE stands for
 * "NAME VALUE".
 */
#ifndef EMULATOR_ABI_CONTROL_H
#define EMULATOR_ABI_CONTROL_H

#define CONTROL_PORT	     0x5e0
#define CONTROL_COMMAND_SIZE 256  /* longest command, the newline included */
#define CONTROL_ANSWER_SIZE  8192 /* longest answer, the 0 byte included */

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * For how long each CPU was inside SEAM: what the host's own clock cannot tell apart from
 * being held up. Without TDH.VP.ENTER, in which a TD runs and an interrupt ends it.
 */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

static u64 to_microseconds(u64 cycles)
{
	return cycles * 1000 / tsc_khz;
}

static void add(struct seam_time *time, u64 cycles, u64 leaf)
{
	time->calls++;
	time->sum += cycles;
	if (cycles > time->max) {
		time->max = cycles;
		time->max_leaf = leaf;
	}
}

void seam_time_add(struct cpu *cpu, u64 leaf, u64 cycles)
{
	if (leaf == TDH_VP_ENTER)
		return;
	add(&cpu->inside, cycles, leaf);
	if (leaf == SEAMLDR_INSTALL)
		add(&cpu->inside_install, cycles, leaf);
}

/* Calls that go on elsewhere meanwhile may be counted before or after. */
void seam_time_clear(void)
{
	unsigned int i;

	for (i = 0; i < num_cpus; i++) {
		memset(&cpus[i].inside, 0, sizeof(cpus[i].inside));
		memset(&cpus[i].inside_install, 0, sizeof(cpus[i].inside_install));
	}
}

void seam_time_write(char *text, size_t size)
{
	size_t length = format_text(text, size, "ok\n");
	unsigned int i;

	for (i = 0; i < num_cpus; i++) {
		const struct seam_time *all = &cpus[i].inside, *install = &cpus[i].inside_install;

		length += format_text(
			text + length, size - length,
			"cpu%u calls %lu us %lu max %lu %s install %lu us %lu max %lu\n", i,
			all->calls, to_microseconds(all->sum), to_microseconds(all->max),
			all->calls ? seamcall_name(all->max_leaf) ?: "?" : "-", install->calls,
			to_microseconds(install->sum), to_microseconds(install->max));
	}
}

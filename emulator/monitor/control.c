// SPDX-License-Identifier: GPL-2.0-only
/* The control port and the boot options; see abi/control.h. */
#include "../abi/control.h"
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "seam.h"

static struct spinlock control_lock;
static char command_line[CONTROL_COMMAND_SIZE];
static size_t command_length;
static char answer_text[CONTROL_ANSWER_SIZE];
static size_t answer_position;

static const char *set_switch(bool *value, const char *text, const char *on, const char *off)
{
	if (!strcmp(text, on))
		WRITE_ONCE(*value, true);
	else if (!strcmp(text, off))
		WRITE_ONCE(*value, false);
	else
		return "no such value";
	return NULL;
}

static const char *trace_command(const char *text)
{
	if (strncmp(text, "mark ", 5))
		return set_switch(&trace_on, text, "on", "off");
	trace_mark(current_cpu()->index, text + 5);
	return NULL;
}

static const char *strict_command(const char *text)
{
	return set_switch(&strict, text, "on", "off");
}

static const char *gate_command(const char *text)
{
	return set_switch(&gate_expected, text, "on", "off");
}

static const char *inside_command(const char *text)
{
	if (strcmp(text, "clear"))
		return "inside has no arguments but clear";
	seam_time_clear();
	return NULL;
}

static const char *invariants_command(const char *text)
{
	return set_switch(&seam_platform.deep_invariants, text, "deep", "fast");
}

static const char *locks_command(const char *text)
{
	return set_switch(&seam_platform.hardware_locks, text, "hardware", "waiting");
}

static const char *tsc_command(const char *text)
{
	return set_switch(&seam_platform.exact_tsc, text, "exact", "scaled");
}

static const char *release_command(const char *text)
{
	if (*text)
		return "release has no arguments";
	hold_release();
	return NULL;
}

static const char *clear_command(const char *text)
{
	if (*text)
		return "clear has no arguments";
	hold_release();
	fault_clear();
	lock_hold_clear();
	return NULL;
}

static const char *exit_command(const char *text)
{
	u64 status;

	if (!parse_number(&text, &status) || *text)
		return "exit wants a number";
	log_line("exit %lu", status);
	return NULL;
}

struct command {
	const char *name;
	const char *(*run)(const char *arguments);
};

static const struct command commands[] = {
	{ "fault", fault_add },
	{ "cost", cost_set },
	{ "hold", hold_set },
	{ "hold_lock", lock_hold_add },
	{ "trace", trace_command },
	{ "strict", strict_command },
	{ "gate", gate_command },
	{ "inside", inside_command },
	{ "invariants", invariants_command },
	{ "locks", locks_command },
	{ "tsc", tsc_command },
	{ "release", release_command },
	{ "clear", clear_command },
	{ "exit", exit_command },
};

/* NULL, or what is wrong. @separator is what stands between name and arguments. */
static const char *run_command(const char *text, const char *separators)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t length = strlen(commands[i].name);
		const char *separator;

		if (strncmp(text, commands[i].name, length))
			continue;
		if (!text[length])
			return commands[i].run("");
		for (separator = separators; *separator; separator++) {
			if (text[length] == *separator)
				return commands[i].run(text + length + 1);
		}
	}
	return "no such command";
}

static u64 total(size_t field)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < num_cpus; i++)
		sum += *(const volatile u64 *)((const u8 *)&cpus[i] + field);
	return sum;
}

#define TOTAL(field) total(offsetof(struct cpu, field))

/* One line for each leaf of which there is something to count. */
static void write_by_leaf(char *text, size_t size, const char *what, const u64 *counts,
			  unsigned int number, u64 flag)
{
	for (u64 leaf = 0; leaf < number; leaf++) {
		u64 count = READ_ONCE(counts[leaf]);
		size_t length = strlen(text);

		if (count && seamcall_name(leaf | flag))
			format_text(text + length, size - length, "%s_%s %lu\n", what,
				    seamcall_name(leaf | flag), count);
	}
}

static void write_stats(char *text, size_t size)
{
	format_text(text, size,
		    "ok\n"
		    "microseconds %lu\n"
		    "exits %lu\n"
		    "exits_msr %lu\n"
		    "exits_icr %lu\n"
		    "exits_cpuid %lu\n"
		    "exits_cr4 %lu\n"
		    "exits_ud %lu\n"
		    "exits_td %lu\n"
		    "seamcalls %lu\n"
		    "seamcalls_vmfail %lu\n"
		    "seamcalls_in_transition %lu\n"
		    "faults %lu\n"
		    "cpus_in_cost %u\n"
		    "cpus_in_lock %u\n"
		    "cpus_held %lu\n"
		    "cpus_held_masked %lu\n"
		    "protected_pages %lu\n"
		    "deep_invariants %u\n"
		    "hardware_locks %u\n",
		    microseconds(), TOTAL(num_exits), TOTAL(num_msr_exits), TOTAL(num_icr_exits),
		    TOTAL(num_cpuid_exits), TOTAL(num_cr_exits), TOTAL(num_ud_exits),
		    TOTAL(num_td_exits), TOTAL(num_seamcalls),
		    READ_ONCE(seamcall_stats.vmfail_invalid),
		    READ_ONCE(seamcall_stats.in_transition), READ_ONCE(seamcall_stats.faults),
		    READ_ONCE(cpus_in_cost), READ_ONCE(cpus_in_lock), TOTAL(held),
		    TOTAL(held_masked), npt_protected_pages(),
		    READ_ONCE(seam_platform.deep_invariants),
		    READ_ONCE(seam_platform.hardware_locks));
	write_by_leaf(text, size, "calls", seamcall_stats.seamldr, NUM_SEAMLDR_LEAVES,
		      SEAMCALL_P_SEAMLDR);
	write_by_leaf(text, size, "calls", seamcall_stats.tdh, NUM_TDH_LEAVES, 0);
	write_by_leaf(text, size, "contended", seam_contention, NUM_TDH_LEAVES, 0);
	write_by_leaf(text, size, "contended", td_contention, NUM_TDH_LEAVES, SEAMCALL_TDCALL);
}

static void execute(void)
{
	const char *error;

	answer_position = 0;
	if (!strcmp(command_line, "stats")) {
		write_stats(answer_text, sizeof(answer_text));
		return;
	}
	if (!strcmp(command_line, "inside")) {
		seam_time_write(answer_text, sizeof(answer_text));
		return;
	}
	error = run_command(command_line, " ");
	if (error)
		format_text(answer_text, sizeof(answer_text), "error: %s\n", error);
	else
		format_text(answer_text, sizeof(answer_text), "ok\n");
}

static void write_byte(char byte)
{
	if (byte == '\n') {
		command_line[command_length] = '\0';
		command_length = 0;
		execute();
	} else if (command_length < sizeof(command_line) - 1) {
		command_line[command_length++] = byte;
	}
}

static char read_byte(void)
{
	char byte = answer_text[answer_position];

	if (byte)
		answer_position++;
	return byte;
}

/* IN and OUT of one byte; all else on this port reads as ones and writes nothing. */
void control_exit(struct cpu *cpu)
{
	struct vmcb *vmcb = cpu->vmcb;
	u64 info = vmcb->control.exit_info_1;
	u64 *rax = gpr(cpu, GPR_RAX);

	spin_lock(&control_lock);
	if ((info & SVM_IOIO_STRING) || !(info & SVM_IOIO_SIZE8) ||
	    info >> SVM_IOIO_PORT_SHIFT != CONTROL_PORT) {
		if (info & SVM_IOIO_IN)
			*rax |= 0xff;
	} else if (info & SVM_IOIO_IN) {
		*rax = (*rax & ~0xffUL) | (u8)read_byte();
	} else {
		write_byte(*rax);
	}
	spin_unlock(&control_lock);
	/* The address of the next instruction. */
	skip_instruction(cpu, vmcb->control.exit_info_2 - vmcb->save.rip);
}

/* Boot options: commands without spaces, separated by spaces. */
void control_options(const char *options)
{
	char option[CONTROL_COMMAND_SIZE];

	while (*options) {
		const char *error;
		size_t length = 0;

		while (*options && *options != ' ') {
			if (length < sizeof(option) - 1)
				option[length++] = *options;
			options++;
		}
		while (*options == ' ')
			options++;
		option[length] = '\0';
		error = length ? run_command(option, ":=") : NULL;
		if (error)
			fatal("option '%s': %s", option, error);
	}
}

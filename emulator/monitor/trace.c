// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace: one line a SEAMCALL, when it has returned.
 *
 *   <us since start> cpu<N> <LEAF> [version=<N>] rcx=.. rdx=.. r8=.. r9=.. -> <status> rcx=.. rdx=.. r8=..
 *
 * The leaf's version when it is not 0. All but the time, the CPU and the version is hexadecimal.
 * The status is RAX, or vmfail, ud or gp.
 */
#include "lib.h"
#include "seam.h"

bool trace_on;

static void write_status(char *text, size_t size, u64 rax, enum seamcall_result result)
{
	switch (result) {
	case SEAMCALL_RETURNED:
		format_text(text, size, "%016lx", rax);
		break;
	case SEAMCALL_VMFAIL_INVALID:
		format_text(text, size, "vmfail");
		break;
	case SEAMCALL_UD:
		format_text(text, size, "ud");
		break;
	case SEAMCALL_GP:
		format_text(text, size, "gp");
		break;
	}
}

void trace_seamcall(u32 cpu, const struct seam_gprs *in, const struct seam_gprs *out,
		    enum seamcall_result result)
{
	const char *name = seamcall_name(in->reg[GPR_RAX]);
	char line[LOG_LINE], status[24], number[24], version[16] = "";
	u8 v = seamcall_version(in->reg[GPR_RAX]);
	int length;

	if (!name) {
		format_text(number, sizeof(number), "%lx", in->reg[GPR_RAX]);
		name = number;
	} else if (v) {
		format_text(version, sizeof(version), "version=%u ", v);
	}
	write_status(status, sizeof(status), out->reg[GPR_RAX], result);
	length = format_text(
		line, sizeof(line),
		"%lu cpu%u %s %srcx=%lx rdx=%lx r8=%lx r9=%lx -> %s rcx=%lx rdx=%lx r8=%lx\n",
		microseconds(), cpu, name, version, in->reg[GPR_RCX], in->reg[GPR_RDX],
		in->reg[GPR_R8], in->reg[GPR_R9], status, out->reg[GPR_RCX], out->reg[GPR_RDX],
		out->reg[GPR_R8]);
	trace_write(line, length);
}

void trace_mark(u32 cpu, const char *text)
{
	char line[LOG_LINE];

	trace_write(line, format_text(line, sizeof(line), "%lu cpu%u MARK %s\n", microseconds(),
				      cpu, text));
}

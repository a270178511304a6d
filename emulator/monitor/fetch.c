// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"
#include "fetch.h"
#include "memory.h"

/* Behind the end of a page only when the instruction is: else its absence is no fault. */
bool instruction_fetch(struct cpu *cpu, struct instruction *insn)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	bool long_mode = in_64bit_mode(cpu);
	u64 address = long_mode ? save->rip : (u32)(save->rip + save->cs.base);
	u64 count = PAGE_SIZE - (address & (PAGE_SIZE - 1));
	u8 bytes[MAX_INSTRUCTION_LENGTH];
	enum decode_result result;

	if (count > sizeof(bytes))
		count = sizeof(bytes);
	if (!guest_read(cpu, address, bytes, count))
		return false;
	result = instruction_decode(bytes, count, long_mode, insn);
	if (result == DECODE_TRUNCATED) {
		if (!guest_read(cpu, address + count, bytes + count, sizeof(bytes) - count))
			return false;
		result = instruction_decode(bytes, sizeof(bytes), long_mode, insn);
	}
	if (result == DECODE_DONE)
		return true;
	inject_exception_error(cpu, VECTOR_GP, 0);
	return false;
}

u64 operand_address(struct cpu *cpu, const struct instruction *insn)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	struct address_registers registers;

	/* Those of FS and GS are not in the VMCB until VMSAVE. */
	if (insn->segment == SEGMENT_FS || insn->segment == SEGMENT_GS)
		vmsave((u64)cpu->vmcb);
	for (unsigned int i = 0; i < NUM_GPRS; i++)
		registers.gpr[i] = *gpr(cpu, i);
	registers.rip = save->rip;
	registers.segment_base[SEGMENT_ES] = save->es.base;
	registers.segment_base[SEGMENT_CS] = save->cs.base;
	registers.segment_base[SEGMENT_SS] = save->ss.base;
	registers.segment_base[SEGMENT_DS] = save->ds.base;
	registers.segment_base[SEGMENT_FS] = save->fs.base;
	registers.segment_base[SEGMENT_GS] = save->gs.base;
	return instruction_address(insn, &registers);
}

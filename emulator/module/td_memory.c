// SPDX-License-Identifier: GPL-2.0-only
#include "../x86/paging.h"
#include "sept.h"
#include "td_memory.h"

bool vcpu_long_mode(const struct vcpu *vcpu)
{
	return (vcpu->vmcb->save.efer & EFER_LMA) &&
	       (vcpu->vmcb->save.cs.attributes & SVM_SEGMENT_LONG);
}

/* Where a TD's page tables and its code are: in private memory. */
struct td_reader {
	struct call *call;
	struct vcpu *vcpu;
};

static void *private_memory(void *context, u64 gpa)
{
	const struct td_reader *reader = context;
	u8 *page = sept_private_page(reader->call, &reader->vcpu->td, gpa & PAGE_MASK);

	return page ? page + (gpa & (PAGE_SIZE - 1)) : NULL;
}

static bool linear_to_gpa(struct call *call, struct vcpu *vcpu, u64 linear, u64 *gpa)
{
	const struct vmcb *vmcb = vcpu->vmcb;
	const struct paging paging = {
		.cr0 = vmcb->save.cr0,
		.cr3 = vmcb->save.cr3,
		.cr4 = vmcb->save.cr4,
		.efer = vmcb->save.efer,
	};
	struct td_reader context = { .call = call, .vcpu = vcpu };
	const struct table_reader reader = { .entry = private_memory, .context = &context };
	struct translation translation;

	if (paging_walk(&paging, &reader, linear, &translation) != WALK_MAPPED)
		return false;
	*gpa = translation.pa;
	return true;
}

/* Return: how many of the bytes from RIP on could be read. */
static u32 fetch(struct call *call, struct vcpu *vcpu, u8 bytes[MAX_INSTRUCTION_LENGTH])
{
	struct td_reader reader = { .call = call, .vcpu = vcpu };
	u64 linear = vcpu->vmcb->save.rip, gpa;
	u32 done = 0;

	if (!vcpu_long_mode(vcpu))
		linear = (u32)(linear + vcpu->vmcb->save.cs.base);

	/* An instruction can reach into a second page. */
	while (done < MAX_INSTRUCTION_LENGTH) {
		u64 rest = PAGE_SIZE - (linear & (PAGE_SIZE - 1));
		u32 size = MAX_INSTRUCTION_LENGTH - done;
		const u8 *memory;

		if (size > rest)
			size = rest;
		if (!linear_to_gpa(call, vcpu, linear, &gpa))
			break;
		memory = private_memory(&reader, gpa);
		if (!memory)
			break;
		__builtin_memcpy(bytes + done, memory, size);
		done += size;
		linear += size;
	}
	return done;
}

bool td_decode(struct call *call, struct vcpu *vcpu, struct instruction *insn)
{
	u8 bytes[MAX_INSTRUCTION_LENGTH];
	u32 count = fetch(call, vcpu, bytes);

	return instruction_decode(bytes, count, vcpu_long_mode(vcpu), insn) == DECODE_DONE;
}

static void address_registers(const struct vcpu *vcpu, struct address_registers *registers)
{
	const struct vmcb *vmcb = vcpu->vmcb;

	for (u32 i = 0; i < NUM_GPRS; i++)
		registers->gpr[i] = vcpu_gpr_get(vcpu, i);
	registers->rip = vmcb->save.rip;
	registers->segment_base[SEGMENT_ES] = vmcb->save.es.base;
	registers->segment_base[SEGMENT_CS] = vmcb->save.cs.base;
	registers->segment_base[SEGMENT_SS] = vmcb->save.ss.base;
	registers->segment_base[SEGMENT_DS] = vmcb->save.ds.base;
	registers->segment_base[SEGMENT_FS] = vmcb->save.fs.base;
	registers->segment_base[SEGMENT_GS] = vmcb->save.gs.base;
}

/* An access that begins on the page before reaches @gpa at the start of its page. */
static bool reaches(struct call *call, struct vcpu *vcpu, u64 *linear, u64 gpa)
{
	u64 translated;

	for (u32 i = 0; i < 2; i++) {
		if (linear_to_gpa(call, vcpu, *linear, &translated) &&
		    (translated & PAGE_MASK) == (gpa & PAGE_MASK))
			return true;
		*linear = (*linear & PAGE_MASK) + PAGE_SIZE;
	}
	return false;
}

/* MOVS, CMPS, STOS, LODS, SCAS: operands that no byte of the instruction names. */
static bool is_string_instruction(const struct instruction *insn)
{
	return insn->map == OPCODE_ONE_BYTE && insn->opcode >= 0xa4 && insn->opcode <= 0xaf &&
	       insn->opcode != 0xa8 && insn->opcode != 0xa9;
}

u64 td_linear_address(struct call *call, struct vcpu *vcpu, u64 gpa)
{
	struct address_registers registers;
	struct instruction insn;
	u64 candidates[4];
	u32 count = 0;

	if (!td_decode(call, vcpu, &insn))
		return 0;
	address_registers(vcpu, &registers);
	if (instruction_has_memory_operand(&insn) || instruction_is_mov_offset(&insn))
		candidates[count++] = instruction_address(&insn, &registers);
	if (is_string_instruction(&insn)) {
		candidates[count++] = registers.gpr[GPR_RDI] + registers.segment_base[SEGMENT_ES];
		candidates[count++] = registers.gpr[GPR_RSI] + registers.segment_base[insn.segment];
	}
	for (u32 i = 0; i < count; i++)
		if (reaches(call, vcpu, &candidates[i], gpa))
			return candidates[i];
	log_line(call, "no operand of the instruction at %lx reaches %lx", vcpu->vmcb->save.rip,
		 gpa);
	return 0;
}

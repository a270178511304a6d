// SPDX-License-Identifier: GPL-2.0-only
/*
 * #UD: instructions of a TDX host that this machine's processor does not have. What
 * is not in the table is the host's own #UD.
 */
#include "lib.h"
#include "memory.h"
#include "vmx.h"

struct undefined_opcode {
	enum opcode_map map;
	enum opcode_prefix prefix;
	u8 opcode;
	/* The ModR/M byte under a mask: all of it, its reg field, or nothing. */
	u8 modrm_mask, modrm;
	bool memory; /* the operand must be in memory */
	void (*handler)(struct cpu *cpu, const struct instruction *insn);
};

#define WHOLE 0xff
#define REG   0x38

static const struct undefined_opcode undefined_opcodes[] = {
	/* 66 0F 01 CF */
	{ OPCODE_0F, PREFIX_66, 0x01, WHOLE, 0xcf, false, seamcall },
	/* 66 0F 38 F8 /r */
	{ OPCODE_0F38, PREFIX_66, 0xf8, 0, 0, true, movdir64b },
	/* 66 0F 38 80 /r */
	{ OPCODE_0F38, PREFIX_66, 0x80, 0, 0, true, invept },
	/* F3 0F C7 /6 */
	{ OPCODE_0F, PREFIX_F3, 0xc7, REG, 6 << 3, true, vmxon },
	/* 0F 01 C4 */
	{ OPCODE_0F, PREFIX_NONE, 0x01, WHOLE, 0xc4, false, vmxoff },
	/* INVVPID, VMCLEAR, VMPTRLD, VMPTRST */
	{ OPCODE_0F38, PREFIX_66, 0x81, 0, 0, true, vmx_unsupported },
	{ OPCODE_0F, PREFIX_66, 0xc7, REG, 6 << 3, true, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0xc7, REG, 6 << 3, true, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0xc7, REG, 7 << 3, true, vmx_unsupported },
	/* VMREAD, VMWRITE, VMCALL, VMLAUNCH, VMRESUME */
	{ OPCODE_0F, PREFIX_NONE, 0x78, 0, 0, false, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0x79, 0, 0, false, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0x01, WHOLE, 0xc1, false, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0x01, WHOLE, 0xc2, false, vmx_unsupported },
	{ OPCODE_0F, PREFIX_NONE, 0x01, WHOLE, 0xc3, false, vmx_unsupported },
};

static bool matches(const struct undefined_opcode *opcode, const struct instruction *insn)
{
	return insn->map == opcode->map && insn->opcode == opcode->opcode &&
	       insn->prefix == opcode->prefix && !insn->lock &&
	       (insn->modrm & opcode->modrm_mask) == opcode->modrm &&
	       !(opcode->memory && insn->mod == 3);
}

void undefined_opcode_exit(struct cpu *cpu)
{
	const struct undefined_opcode *opcode;
	struct instruction insn;

	cpu->num_ud_exits++;
	if (!instruction_fetch(cpu, &insn))
		return;
	for (opcode = undefined_opcodes; opcode < undefined_opcodes + ARRAY_SIZE(undefined_opcodes);
	     opcode++) {
		if (matches(opcode, &insn)) {
			opcode->handler(cpu, &insn);
			return;
		}
	}
	inject_exception(cpu, VECTOR_UD);
}

/*
 * MOVDIR64B r64, m512: 64 bytes to the 64-byte aligned address in the register. Programs of
 * 32 bits do without it here: their addressing is not decoded.
 */
void movdir64b(struct cpu *cpu, const struct instruction *insn)
{
	u64 to = *gpr(cpu, insn->reg);
	u8 line[64];

	if (!in_64bit_mode(cpu)) {
		inject_exception(cpu, VECTOR_UD);
		return;
	}
	if (insn->address_size_prefix)
		to = (u32)to;
	if (!IS_ALIGNED(to, sizeof(line))) {
		inject_exception_error(cpu, VECTOR_GP, 0);
		return;
	}
	if (guest_read(cpu, operand_address(cpu, insn), line, sizeof(line)) &&
	    guest_write(cpu, to, line, sizeof(line)))
		skip_instruction(cpu, insn->length);
}

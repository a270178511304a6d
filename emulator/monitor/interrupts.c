// SPDX-License-Identifier: GPL-2.0-only
/*
 * The monitor's own interrupts and exceptions.
 *
 * It runs with the global interrupt flag clear and opens a window on purpose: for
 * an NMI, which wakes and kicks CPUs, and for the one external interrupt that a
 * TD exit acknowledges. An exception is a bug of the monitor, P-SEAMLDR or the
 * TDX module.
 */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

#define NUM_VECTORS    256
#define NUM_EXCEPTIONS 32
#define STUB_SIZE      16
#define INTERRUPT_GATE 0x8e00

/* vectors.S pushes 15 registers in the order of enum seam_gpr, without RSP. */
struct stub_frame {
	u64 rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

struct gate {
	u16 offset_low;
	u16 selector;
	u16 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

extern const u8 interrupt_stubs[];

static struct gate idt[NUM_VECTORS] __attribute__((aligned(16)));

void interrupts_init(void)
{
	unsigned int vector;

	for (vector = 0; vector < NUM_VECTORS; vector++) {
		u64 stub = (u64)interrupt_stubs + vector * STUB_SIZE;

		idt[vector] = (struct gate){
			.offset_low = stub & 0xffff,
			.selector = SELECTOR_CODE64,
			.type = INTERRUPT_GATE,
			.offset_middle = stub >> 16 & 0xffff,
			.offset_high = stub >> 32,
		};
	}
}

void interrupts_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lidt %0" : : "m"(pointer));
}

/* An NMI only makes a CPU look at its requests; see wait_for_nmi() for the RIP. */
static void take_nmi(struct stub_frame *frame)
{
	if (frame->rip >= (u64)wait_for_nmi_begin && frame->rip < (u64)wait_for_nmi_end)
		frame->rip = (u64)wait_for_nmi_begin;
}

void interrupt_entry(struct stub_frame *frame);
void interrupt_entry(struct stub_frame *frame)
{
	struct cpu *cpu = current_cpu();

	if (frame->vector == VECTOR_NMI) {
		take_nmi(frame);
		return;
	}
	if (frame->vector >= NUM_EXCEPTIONS) {
		cpu->acknowledged_vector = frame->vector;
		frame->rflags &= ~X86_RFLAGS_IF;
		return;
	}
	broken("exception %lu in the emulator (%s): cpu%u rip=%lx error=%lx cr2=%lx rsp=%lx rax=%lx rcx=%lx rdx=%lx rdi=%lx rsi=%lx",
	       frame->vector, seam_where(frame->rip), cpu->index, frame->rip, frame->error_code,
	       read_cr2(), frame->rsp, frame->rax, frame->rcx, frame->rdx, frame->rdi, frame->rsi);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the host as its instructions see it: through its page tables, and
 * within what it may touch.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"

#define PAGE_FAULT_PRESENT	BIT(0)
#define PAGE_FAULT_WRITE	BIT(1)
#define PAGE_FAULT_USER		BIT(2)

#define MAX_LEVELS		5

/* An access to what the host may not touch ends the run. */
void host_access_check(struct cpu *cpu, u64 pa, const char *how)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	enum seam_page_use use = npt_use(pa);

	if (use != SEAM_PAGE_HOST)
		broken("host access to protected page: cpu%u gpa=%lx use='%s' access=%s rip=%lx cpl=%u cr3=%lx",
		       cpu->index, pa, npt_use_name(use), how, save->rip, save->cpl, save->cr3);
	if (pa >> HOST_PHYSICAL_BITS)
		broken("host access with KeyID %lu: cpu%u gpa=%lx access=%s rip=%lx cpl=%u cr3=%lx",
		       pa >> HOST_PHYSICAL_BITS, cpu->index, pa, how, save->rip, save->cpl,
		       save->cr3);
}

/*
 * For an access that the monitor does in the host's place: what is nowhere in the monitor's
 * own mapping, nothing answers at.
 */
static void *host_memory(struct cpu *cpu, u64 pa, const char *how)
{
	host_access_check(cpu, pa, how);
	if (pa >= MONITOR_MAPPED)
		broken("host access to no memory: cpu%u gpa=%lx access=%s rip=%lx", cpu->index, pa,
		       how, cpu->vmcb->save.rip);
	return (void *)pa;
}

static u64 *table_entry(struct cpu *cpu, u64 table, u64 address, unsigned int level)
{
	u64 pa = (table & PTE_ADDRESS) + 8 * (address >> (PAGE_SHIFT + 9 * level) & 511);

	return host_memory(cpu, pa, "page table walk");
}

/* As the CPU does it: an entry that changed meanwhile is none to write to. */
static bool set_entry_bits(u64 *entry, u64 value, u64 bits)
{
	return (value & bits) == bits ||
	       __atomic_compare_exchange_n(entry, &value, value | bits, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/*
 * Translate an address of the host. False: there is no translation; the #PF is
 * ready for injection.
 */
bool guest_translate(struct cpu *cpu, u64 address, struct guest_access access, u64 *pa)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	u32 error = (access.write ? PAGE_FAULT_WRITE : 0) | (access.user ? PAGE_FAULT_USER : 0);
	u64 entry, size, bits, *entries[MAX_LEVELS], values[MAX_LEVELS];
	int level, top = save->cr4 & X86_CR4_LA57 ? 4 : 3;

	if (!(save->cr0 & X86_CR0_PG)) {
		*pa = address;
		return true;
	}
again:
	entry = save->cr3;
	for (level = top; level >= 0; level--) {
		entries[level] = table_entry(cpu, entry, address, level);
		entry = values[level] = READ_ONCE(*entries[level]);
		if (!(entry & PTE_PRESENT))
			goto fault;
		if ((access.user && !(entry & PTE_USER)) ||
		    (access.write && !(entry & PTE_WRITABLE) &&
		     (access.user || (save->cr0 & X86_CR0_WP)))) {
			error |= PAGE_FAULT_PRESENT;
			goto fault;
		}
		if (level && level < 3 && (entry & PTE_LARGE))
			break;
	}
	level = level < 0 ? 0 : level;
	bits = PTE_ACCESSED | (access.write ? PTE_DIRTY : 0);
	for (int l = top; l >= level; l--) {
		if (!set_entry_bits(entries[l], values[l], l == level ? bits : PTE_ACCESSED))
			goto again;
	}
	size = 1UL << (PAGE_SHIFT + 9 * level);
	*pa = (entry & PTE_ADDRESS & ~(size - 1)) | (address & (size - 1));
	return true;
fault:
	inject_page_fault(cpu, address, error);
	return false;
}

static bool is_canonical(const struct cpu *cpu, u64 address)
{
	unsigned int shift = cpu->vmcb->save.cr4 & X86_CR4_LA57 ? 7 : 16;

	return (u64)((s64)(address << shift) >> shift) == address;
}

static bool copy(struct cpu *cpu, u64 address, void *buffer, u64 size, bool write)
{
	struct guest_access access = { .write = write, .user = cpu->vmcb->save.cpl == 3 };

	while (size) {
		u64 part = PAGE_SIZE - (address & (PAGE_SIZE - 1)), pa;
		void *memory;

		if (part > size)
			part = size;
		if (!is_canonical(cpu, address)) {
			inject_exception_error(cpu, VECTOR_GP, 0);
			return false;
		}
		if (!guest_translate(cpu, address, access, &pa))
			return false;
		memory = host_memory(cpu, pa, write ? "write" : "read");
		if (write)
			memcpy(memory, buffer, part);
		else
			memcpy(buffer, memory, part);
		address += part;
		buffer += part;
		size -= part;
	}
	return true;
}

bool guest_read(struct cpu *cpu, u64 address, void *buffer, u64 size)
{
	return copy(cpu, address, buffer, size, false);
}

bool guest_write(struct cpu *cpu, u64 address, const void *buffer, u64 size)
{
	return copy(cpu, address, (void *)buffer, size, true);
}

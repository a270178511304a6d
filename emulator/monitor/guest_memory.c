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

void host_access_broken(struct cpu *cpu, u64 pa, const char *how)
{
	broken("host access to protected page: cpu%u gpa=%lx use='%s' access=%s rip=%lx cpl=%u cr3=%lx",
	       cpu->index, pa, npt_use_name(npt_use(pa)), how, cpu->vmcb->save.rip,
	       cpu->vmcb->save.cpl, cpu->vmcb->save.cr3);
}

static u64 read_entry(struct cpu *cpu, u64 table, u64 address, unsigned int level)
{
	u64 pa = (table & PTE_ADDRESS) + 8 * (address >> (PAGE_SHIFT + 9 * level) & 511);

	if (npt_use(pa) != NPT_NOT_PROTECTED)
		host_access_broken(cpu, pa, "page table walk");
	return *(volatile u64 *)pa;
}

/*
 * Translate an address of the host. False: there is no translation; the #PF is
 * ready for injection.
 */
bool guest_translate(struct cpu *cpu, u64 address, struct guest_access access, u64 *pa)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	u32 error = (access.write ? PAGE_FAULT_WRITE : 0) | (access.user ? PAGE_FAULT_USER : 0);
	u64 entry = save->cr3, size;
	int level = save->cr4 & X86_CR4_LA57 ? 4 : 3;

	if (!(save->cr0 & X86_CR0_PG)) {
		*pa = address;
		return true;
	}
	for (; level >= 0; level--) {
		entry = read_entry(cpu, entry, address, level);
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
	size = 1UL << (PAGE_SHIFT + 9 * (level < 0 ? 0 : level));
	*pa = (entry & PTE_ADDRESS & ~(size - 1)) | (address & (size - 1));
	return true;
fault:
	inject_page_fault(cpu, address, error);
	return false;
}

static bool copy(struct cpu *cpu, u64 address, void *buffer, u64 size, bool write)
{
	struct guest_access access = { .write = write, .user = cpu->vmcb->save.cpl == 3 };

	while (size) {
		u64 part = PAGE_SIZE - (address & (PAGE_SIZE - 1)), pa;

		if (part > size)
			part = size;
		if (!guest_translate(cpu, address, access, &pa))
			return false;
		if (npt_use(pa) != NPT_NOT_PROTECTED)
			host_access_broken(cpu, pa, write ? "write" : "read");
		if (write)
			memcpy((void *)pa, buffer, part);
		else
			memcpy(buffer, (const void *)pa, part);
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

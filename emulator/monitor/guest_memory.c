// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the host as its instructions see it: through its page tables, and
 * within what it may touch.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"

#define PAGE_FAULT_PRESENT BIT(0)
#define PAGE_FAULT_WRITE   BIT(1)
#define PAGE_FAULT_USER	   BIT(2)

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

static void *table_entry(void *cpu, u64 pa)
{
	return host_memory(cpu, pa, "page table walk");
}

/*
 * Set the accessed bits of a walk in 64-bit mode, and the dirty bit for a write. As the
 * CPU does it: false when an entry changed meanwhile, and is none to write to.
 */
static bool mark_used(const struct translation *translation, bool write)
{
	for (int level = translation->top; level >= translation->bottom; level--) {
		u64 value = translation->value[level], bits = PTE_ACCESSED;

		if (level == translation->bottom && write)
			bits |= PTE_DIRTY;
		if ((value & bits) != bits &&
		    !__atomic_compare_exchange_n((u64 *)translation->entry[level], &value,
						 value | bits, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

static bool access_allowed(const struct vmcb_save *save, struct guest_access access,
			   u64 permissions)
{
	if (access.user && !(permissions & PTE_USER))
		return false;
	return !access.write || (permissions & PTE_WRITABLE) ||
	       (!access.user && !(save->cr0 & X86_CR0_WP));
}

/*
 * Translate an address of the host. False: there is no translation; the #PF is
 * ready for injection.
 */
bool guest_translate(struct cpu *cpu, u64 address, struct guest_access access, u64 *pa)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	const struct paging paging = { save->cr0, save->cr3, save->cr4, save->efer };
	const struct table_reader reader = { .entry = table_entry, .context = cpu };
	u32 error = (access.write ? PAGE_FAULT_WRITE : 0) | (access.user ? PAGE_FAULT_USER : 0);
	struct translation translation;

	do {
		if (paging_walk(&paging, &reader, address, &translation) != WALK_MAPPED) {
			inject_page_fault(cpu, address, error);
			return false;
		}
		if (!access_allowed(save, access, translation.permissions)) {
			inject_page_fault(cpu, address, error | PAGE_FAULT_PRESENT);
			return false;
		}
	} while ((save->efer & EFER_LMA) && !mark_used(&translation, access.write));
	*pa = translation.pa;
	return true;
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

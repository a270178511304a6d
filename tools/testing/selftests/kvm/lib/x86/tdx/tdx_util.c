// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for Intel TDX guests (TDs): the host's side.
 *
 * The host can't set the state of a TD's vCPU: each one starts in 32-bit
 * protected mode at the top of 4 GiB.  So a TD has a memslot there, with a page
 * (see td_boot.S) that takes the vCPU to where the framework would have put
 * it.
 */
#include "kvm_util.h"
#include "processor.h"
#include "tdx/tdx_util.h"
#include "tdx/td_boot.h"
#include "tdx/tdx_guest.h"

/* PML4, PDPT, PD and PT that map the boot memslot. */
#define TD_BOOT_NR_PAGE_TABLES		4

/* KVM allows no more entries. */
#define TDX_MAX_NR_CPUID_ENTRIES	256

static struct td_boot_parameters *td_boot_parameters(struct kvm_vm *vm)
{
	return addr_gpa2hva(vm, TD_BOOT_GPA);
}

void tdx_vm_init_address_properties(struct kvm_vm *vm)
{
	vm->arch.s_bit = TDX_SHARED_BIT;
	vm->gpa_tag_mask = TDX_SHARED_BIT;

	/* The boot page doesn't know of 5-level paging. */
	vm->va_bits = 48;
}

static void tdx_vm_create_irqchip(struct kvm_vm *vm)
{
	/* KVM can't emulate an I/O APIC for a TD, and insists on a local APIC. */
	vm_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	vm->has_irqchip = true;
}

static void tdx_vm_add_boot_memory(struct kvm_vm *vm, u64 nr_pages)
{
	gpa_t base = TD_BOOT_GPA - (nr_pages - 1) * vm->page_size;

	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, base,
				    TD_BOOT_MEMSLOT, nr_pages, KVM_MEM_GUEST_MEMFD);

	TEST_ASSERT_EQ(vm_phy_page_alloc(vm, TD_BOOT_GPA, TD_BOOT_MEMSLOT), TD_BOOT_GPA);
	memcpy(addr_gpa2hva(vm, TD_BOOT_GPA), td_boot_page, vm->page_size);
}

static void tdx_vm_map_boot_page(struct kvm_vm *vm)
{
	virt_pgd_alloc(vm);
	virt_pg_map(vm, TD_BOOT_GPA, TD_BOOT_GPA);
	td_boot_parameters(vm)->cr3 = vm->mmu.pgd;
}

/* Configure what the host supports, of what the TDX module lets configure. */
static void tdx_init_vm_cpuid(const struct kvm_cpuid2 *configurable, struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid2 *supported = kvm_get_supported_cpuid();
	int i, j;

	for (i = 0; i < configurable->nent; i++) {
		const struct kvm_cpuid_entry2 *mask = &configurable->entries[i];
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[cpuid->nent++];

		entry->function = mask->function;
		entry->index = mask->index;
		/* Else KVM takes the first entry of a leaf for all of its subleafs. */
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;

		for (j = 0; j < supported->nent; j++) {
			const struct kvm_cpuid_entry2 *value = &supported->entries[j];

			if (value->function != mask->function || value->index != mask->index)
				continue;

			entry->eax = value->eax & mask->eax;
			entry->ebx = value->ebx & mask->ebx;
			entry->ecx = value->ecx & mask->ecx;
			entry->edx = value->edx & mask->edx;
			break;
		}

		/* KVM takes the width of guest physical addresses from here. */
		if (entry->function == 0x80000008)
			entry->eax = (entry->eax & ~GENMASK(23, 16)) | (TDX_GPAW << 16);
	}
}

int __vm_tdx_init_vm(struct kvm_vm *vm, u64 attributes)
{
	const size_t cpuid_size = TDX_MAX_NR_CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
	struct kvm_tdx_capabilities *caps = calloc(1, sizeof(*caps) + cpuid_size);
	struct kvm_tdx_init_vm *init_vm = calloc(1, sizeof(*init_vm) + cpuid_size);
	int r;

	TEST_ASSERT(caps && init_vm, "Insufficient memory");

	caps->cpuid.nent = TDX_MAX_NR_CPUID_ENTRIES;
	r = __vm_tdx_vm_ioctl(vm, KVM_TDX_CAPABILITIES, 0, caps);
	if (r)
		goto out;

	tdx_init_vm_cpuid(&caps->cpuid, &init_vm->cpuid);
	init_vm->attributes = attributes;
	init_vm->xfam = caps->supported_xfam & (XFEATURE_MASK_FP | XFEATURE_MASK_SSE);

	r = __vm_tdx_vm_ioctl(vm, KVM_TDX_INIT_VM, 0, init_vm);
	if (!r)
		sha384_init(&vm->arch.tdx_mrtd);

out:
	free(init_vm);
	free(caps);
	return r;
}

void vm_tdx_init_vm(struct kvm_vm *vm, u64 attributes)
{
	int r = __vm_tdx_init_vm(vm, attributes);

	__TEST_ASSERT_VM_VCPU_IOCTL(!r, "KVM_TDX_INIT_VM", r, vm);
}

void tdx_vm_post_create(struct kvm_vm *vm)
{
	tdx_vm_create_irqchip(vm);
	tdx_vm_add_boot_memory(vm, 1);
	tdx_vm_map_boot_page(vm);
	write_guest_global(vm, guest_is_td, true);
	vm_tdx_init_vm(vm, 0);
}

struct kvm_vm *vm_tdx_create_barebones(u32 nr_vcpus, u32 nr_extra_pages)
{
	struct kvm_vm *vm = vm_create_barebones_type(KVM_X86_TDX_VM);
	gpa_t gpa;
	int i;

	tdx_vm_create_irqchip(vm);
	tdx_vm_add_boot_memory(vm, 1 + TD_BOOT_NR_PAGE_TABLES + nr_vcpus + nr_extra_pages);
	for (i = 0; i < NR_MEM_REGIONS; i++)
		vm->memslots[i] = TD_BOOT_MEMSLOT;
	tdx_vm_map_boot_page(vm);

	for (i = 0; i < nr_vcpus; i++) {
		gpa = vm_phy_page_alloc(vm, 0, TD_BOOT_MEMSLOT);
		virt_pg_map(vm, gpa, gpa);

		td_boot_parameters(vm)->per_vcpu[i].esp_gva = gpa;
		td_boot_parameters(vm)->per_vcpu[i].guest_code =
			TD_BOOT_GPA + td_boot_report_mrtd - td_boot_page;
	}

	/* Ballast: it makes the build longer, and each MRTD different. */
	for (i = 0; i < nr_extra_pages; i++) {
		gpa = vm_phy_page_alloc(vm, 0, TD_BOOT_MEMSLOT);
		*(u64 *)addr_gpa2hva(vm, gpa) = kvm_random_u64(&kvm_rng);
	}

	return vm;
}

struct kvm_vcpu *vm_tdx_vcpu_add(struct kvm_vm *vm, u32 vcpu_id)
{
	struct td_boot_parameters *parameters = td_boot_parameters(vm);
	struct kvm_vcpu *vcpu;

	TEST_ASSERT(vcpu_id < TD_BOOT_MAX_VCPUS, "vCPU %u: update TD_BOOT_MAX_VCPUS", vcpu_id);

	vcpu = __vm_vcpu_add(vm, vcpu_id);
	vcpu_init_cpuid(vcpu, kvm_get_supported_cpuid());
	vm_tdx_vcpu_ioctl(vcpu, KVM_TDX_INIT_VCPU, 0, NULL);

	/* Barebones TDs have theirs already. */
	if (!parameters->per_vcpu[vcpu_id].esp_gva)
		parameters->per_vcpu[vcpu_id].esp_gva = vm_alloc_stack(vm, DEFAULT_STACK_PGS);

	if (vm->arch.idt) {
		parameters->idt_base = vm->arch.idt;
		parameters->idt_limit = vm->page_size - 1;
	}

	return vcpu;
}

void vm_tdx_set_vcpu_entry_point(struct kvm_vcpu *vcpu, void *guest_code)
{
	td_boot_parameters(vcpu->vm)->per_vcpu[vcpu->id].guest_code = (u64)guest_code;
}

int __vm_tdx_add_memory(struct kvm_vm *vm, gpa_t gpa, u64 nr_pages, bool measure)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (u64)addr_gpa2hva(vm, gpa),
		.gpa = gpa,
		.nr_pages = nr_pages,
	};
	struct kvm_vcpu *vcpu = list_first_entry(&vm->vcpus, struct kvm_vcpu, list);
	const gpa_t end = gpa + nr_pages * vm->page_size;
	gpa_t chunk;
	int r;

	TEST_ASSERT(!list_empty(&vm->vcpus), "Adding memory to a TD takes a vCPU");

	vm_mem_set_private(vm, gpa, nr_pages * vm->page_size);

	/* A signal stops KVM between two pages, with the rest in @region. */
	do {
		r = __vm_tdx_vcpu_ioctl(vcpu, KVM_TDX_INIT_MEM_REGION,
					measure ? KVM_TDX_MEASURE_MEMORY_REGION : 0,
					&region);
	} while (r && (errno == EINTR || errno == EAGAIN));
	if (r)
		return r;

	for (; gpa < end; gpa += vm->page_size) {
		tdx_mrtd_page_add(&vm->arch.tdx_mrtd, gpa);
		if (!measure)
			continue;

		for (chunk = gpa; chunk < gpa + vm->page_size; chunk += TDX_EXTENDMR_CHUNKSIZE)
			tdx_mrtd_extend(&vm->arch.tdx_mrtd, chunk, addr_gpa2hva(vm, chunk));
	}

	return 0;
}

int __vm_tdx_add_all_memory(struct kvm_vm *vm)
{
	struct userspace_mem_region *region;
	sparsebit_idx_t i, j;
	int ctr, r;

	hash_for_each(vm->regions.slot_hash, ctr, region, slot_node) {
		if (!sparsebit_any_set(region->protected_phy_pages))
			continue;

		/*
		 * Measure the boot memory, but only the addresses of the rest:
		 * it can be the whole test, and takes 16 SEAMCALLs per page.
		 */
		sparsebit_for_each_set_range(region->protected_phy_pages, i, j) {
			r = __vm_tdx_add_memory(vm, i << vm->page_shift, j - i + 1,
						region->region.slot == TD_BOOT_MEMSLOT);
			if (r)
				return r;
		}
	}

	vm->arch.is_pt_protected = true;
	return 0;
}

int __vm_tdx_finalize_vm(struct kvm_vm *vm)
{
	return __vm_tdx_vm_ioctl(vm, KVM_TDX_FINALIZE_VM, 0, NULL);
}

void vm_tdx_finalize(struct kvm_vm *vm)
{
	int r = __vm_tdx_add_all_memory(vm);

	TEST_ASSERT(!r, KVM_IOCTL_ERROR(KVM_TDX_INIT_MEM_REGION, r));

	/* The TDX module doesn't wait for locks, KVM leaves retries to userspace. */
	do {
		r = __vm_tdx_finalize_vm(vm);
	} while (r && errno == EBUSY);

	__TEST_ASSERT_VM_VCPU_IOCTL(!r, "KVM_TDX_FINALIZE_VM", r, vm);
}

struct kvm_vm *vm_tdx_create_with_vcpus(u32 nr_vcpus, void *guest_code,
					struct kvm_vcpu *vcpus[])
{
	const struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = KVM_X86_TDX_VM,
	};

	return __vm_create_with_vcpus(shape, nr_vcpus, 0, guest_code, vcpus);
}

void vm_tdx_expected_mrtd(struct kvm_vm *vm, u8 mrtd[SHA384_DIGEST_SIZE])
{
	struct sha384_state state = vm->arch.tdx_mrtd;

	sha384_final(&state, mrtd);
}

int __tdx_vcpu_get_mrtd(struct kvm_vcpu *vcpu, u8 mrtd[SHA384_DIGEST_SIZE])
{
	struct kvm_run *run = vcpu->run;
	int i, r;

	for (i = 0; i < TDX_MRTD_NR_WORDS; i++) {
		r = _vcpu_run(vcpu);
		if (r)
			return r;

		if (run->exit_reason != KVM_EXIT_IO ||
		    run->io.direction != KVM_EXIT_IO_OUT || run->io.size != 4 ||
		    run->io.port != TDX_MRTD_PORT + i * 4) {
			errno = EPROTO;
			return -1;
		}

		memcpy(mrtd + i * 4, (void *)run + run->io.data_offset, 4);
	}

	return 0;
}

void tdx_vcpu_get_mrtd(struct kvm_vcpu *vcpu, u8 mrtd[SHA384_DIGEST_SIZE])
{
	int r = __tdx_vcpu_get_mrtd(vcpu, mrtd);

	TEST_ASSERT(!r, "TD reported no MRTD: errno %d (%s), exit reason %u (%s)",
		    errno, strerror(errno), vcpu->run->exit_reason,
		    exit_reason_str(vcpu->run->exit_reason));
}

u32 vm_tdx_max_vcpus(void)
{
	struct kvm_vm *vm = vm_create_barebones_type(KVM_X86_TDX_VM);
	u32 max_vcpus = vm_check_cap(vm, KVM_CAP_MAX_VCPUS);

	kvm_vm_free(vm);
	return max_vcpus;
}

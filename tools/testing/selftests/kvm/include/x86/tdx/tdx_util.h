/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for Intel TDX guests (TDs): the host's side.
 */
#ifndef SELFTEST_KVM_TDX_UTIL_H
#define SELFTEST_KVM_TDX_UTIL_H

#include "kvm_util.h"
#include "processor.h"
#include "tdx/tdx_mrtd.h"

/* The memslot with the page in which vCPUs start, and of barebones TDs. */
#define TD_BOOT_MEMSLOT	31

static inline bool is_tdx_vm(struct kvm_vm *vm)
{
	return vm->type == KVM_X86_TDX_VM;
}

static inline bool is_tdx_enabled(void)
{
	return kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM);
}

#define TEST_REQUIRE_TDX()	\
	__TEST_REQUIRE(is_tdx_enabled(), "KVM has no TDX (is kvm_intel loaded with tdx=1?)")

/*
 * KVM_MEMORY_ENCRYPT_OP is declared to take an "unsigned long", which is the
 * beginning of struct kvm_tdx_cmd.  If the ioctl fails errno is what tells why.
 */
#define __tdx_ioctl(ioctl, obj, cmd, cmd_flags, arg)				\
({										\
	union {									\
		struct kvm_tdx_cmd c;						\
		unsigned long raw;						\
	} tdx_cmd = { .c = {							\
		.id = (cmd),							\
		.flags = (cmd_flags),						\
		.data = (u64)(arg),						\
	} };									\
										\
	ioctl(obj, KVM_MEMORY_ENCRYPT_OP, &tdx_cmd.raw);			\
})

#define __vm_tdx_vm_ioctl(vm, cmd, flags, arg)					\
	__tdx_ioctl(__vm_ioctl, vm, cmd, flags, arg)

#define __vm_tdx_vcpu_ioctl(vcpu, cmd, flags, arg)				\
	__tdx_ioctl(__vcpu_ioctl, vcpu, cmd, flags, arg)

#define vm_tdx_vm_ioctl(vm, cmd, flags, arg)					\
({										\
	struct kvm_vm *__vm = vm;						\
	int ret = __vm_tdx_vm_ioctl(__vm, cmd, flags, arg);			\
										\
	__TEST_ASSERT_VM_VCPU_IOCTL(!ret, #cmd, ret, __vm);			\
})

#define vm_tdx_vcpu_ioctl(vcpu, cmd, flags, arg)				\
({										\
	struct kvm_vcpu *__vcpu = vcpu;						\
	int ret = __vm_tdx_vcpu_ioctl(__vcpu, cmd, flags, arg);			\
										\
	__TEST_ASSERT_VM_VCPU_IOCTL(!ret, #cmd, ret, __vcpu->vm);		\
})

/*
 * Create a TD, with memory and vCPUs, that runs @guest_code, any function of
 * the test; ucalls and exception handlers work.  It can be set up further until
 * vm_tdx_finalize() adds its memory and finalizes it.
 */
struct kvm_vm *vm_tdx_create_with_vcpus(u32 nr_vcpus, void *guest_code,
					struct kvm_vcpu *vcpus[]);
void vm_tdx_finalize(struct kvm_vm *vm);

/*
 * The same step by step, for a TD as small as possible: without code of the
 * test, its vCPUs report MRTD and nothing else (see tdx_vcpu_get_mrtd()).
 *
 * vm_tdx_create_barebones() makes no SEAMCALL, and vm_tdx_init_vm() begins the
 * build.  The double underscored functions return what the ioctl does, with
 * errno set; __vm_tdx_finalize_vm() ends the build and does nothing else.
 */
struct kvm_vm *vm_tdx_create_barebones(u32 nr_vcpus, u32 nr_extra_pages);
int __vm_tdx_init_vm(struct kvm_vm *vm, u64 attributes);
void vm_tdx_init_vm(struct kvm_vm *vm, u64 attributes);
struct kvm_vcpu *vm_tdx_vcpu_add(struct kvm_vm *vm, u32 vcpu_id);
int __vm_tdx_add_memory(struct kvm_vm *vm, gpa_t gpa, u64 nr_pages, bool measure);
int __vm_tdx_add_all_memory(struct kvm_vm *vm);
int __vm_tdx_finalize_vm(struct kvm_vm *vm);

/* MRTD as computed from what was added, and as the TD reports it. */
void vm_tdx_expected_mrtd(struct kvm_vm *vm, u8 mrtd[SHA384_DIGEST_SIZE]);
void tdx_vcpu_get_mrtd(struct kvm_vcpu *vcpu, u8 mrtd[SHA384_DIGEST_SIZE]);
int __tdx_vcpu_get_mrtd(struct kvm_vcpu *vcpu, u8 mrtd[SHA384_DIGEST_SIZE]);

u32 vm_tdx_max_vcpus(void);

/* Hooks of the framework. */
void tdx_vm_init_address_properties(struct kvm_vm *vm);
void tdx_vm_post_create(struct kvm_vm *vm);
void vm_tdx_set_vcpu_entry_point(struct kvm_vcpu *vcpu, void *guest_code);

#endif /* SELFTEST_KVM_TDX_UTIL_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build, run and tear down TDs, and check what they report about themselves.
 */
#include "kvm_util.h"
#include "kselftest.h"
#include "processor.h"
#include "tdx.h"
#include "tdx_guest.h"

static void test_barebones(void)
{
	u8 expected[SHA384_DIGEST_SIZE], mrtd[SHA384_DIGEST_SIZE];
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	vm = vm_tdx_create_barebones(1, 2);
	vm_tdx_init(vm);
	vcpu = vm_tdx_vcpu_add(vm, 0);
	vm_tdx_launch(vm);
	vm_tdx_expected_mrtd(vm, expected);

	tdx_vcpu_get_mrtd(vcpu, mrtd);
	TEST_ASSERT(!memcmp(mrtd, expected, sizeof(mrtd)), "Wrong MRTD");
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE_TDX();

	ksft_print_header();
	ksft_set_plan(1);
	test_barebones();
	ksft_test_result_pass("barebones\n");
	ksft_finished();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build, run and tear down TDs, and check what they report about themselves.
 */
#include <pthread.h>

#include "kvm_util.h"
#include "kselftest_harness.h"
#include "processor.h"
#include "tdx/tdx_util.h"
#include "tdx/tdx_guest.h"

#define NR_SYNCS	16
#define NR_TDS		2
#define MAX_VCPUS	2
#define REPORT_DATA	0xa5

/* Nothing takes so long, on however slow a host, unless it hangs. */
#define TEST_TIMEOUT_S	600

/* Set by the host, in the guest's copy. */
static struct tdx_report *private_report, *shared_report;
static gpa_t private_report_gpa;

static void guest_code(void)
{
	u64 i, sum = 0;

	GUEST_PRINTF("Hello from a TD\n");

	for (i = 0; i < NR_SYNCS; i++) {
		sum = sum * 31 + i;
		GUEST_SYNC2(i, sum);
	}

	GUEST_DONE();
}

/* The TDX module writes to private memory, from there to memory that is shared. */
static void guest_report(void)
{
	u8 *report_data = (u8 *)(private_report + 1);

	memset(report_data, REPORT_DATA, TDX_REPORTDATA_SIZE);
	GUEST_ASSERT_EQ(tdx_mr_report(private_report_gpa,
				      private_report_gpa + sizeof(*private_report)), 0);
	memcpy(shared_report, private_report, sizeof(*private_report));
	GUEST_DONE();
}

static void guest_assert(void)
{
	GUEST_ASSERT_EQ(1, 2);
}

static void guest_exception(void)
{
	asm volatile("ud2");
}

/* Run until a ucall that isn't a printf. */
static u64 run(struct kvm_vcpu *vcpu, struct ucall *uc)
{
	u64 cmd;
	int r;

	do {
		/* vcpu_run() doesn't return from a failed guest assertion. */
		r = __vcpu_run(vcpu);
		TEST_ASSERT(!r, KVM_IOCTL_ERROR(KVM_RUN, r));
		cmd = get_ucall(vcpu, uc);
		if (cmd == UCALL_PRINTF)
			REPORT_GUEST_PRINTF(*uc);
	} while (cmd == UCALL_PRINTF);

	TEST_ASSERT(cmd != UCALL_NONE, "Unexpected exit: %s",
		    exit_reason_str(vcpu->run->exit_reason));
	return cmd;
}

/* Only a fixture's tests can have more time than the harness gives. */
FIXTURE(td) {
};

FIXTURE_SETUP(td)
{
}

FIXTURE_TEARDOWN(td)
{
}

/* The third example of FIPS 180: a million times "a". */
TEST_F_TIMEOUT(td, sha384_example, TEST_TIMEOUT_S)
{
	static const u8 expected[SHA384_DIGEST_SIZE] = {
		0x9d, 0x0e, 0x18, 0x09, 0x71, 0x64, 0x74, 0xcb,
		0x08, 0x6e, 0x83, 0x4e, 0x31, 0x0a, 0x4a, 0x1c,
		0xed, 0x14, 0x9e, 0x9c, 0x00, 0xf2, 0x48, 0x52,
		0x79, 0x72, 0xce, 0xc5, 0x70, 0x4c, 0x2a, 0x5b,
		0x07, 0xb8, 0xb3, 0xdc, 0x38, 0xec, 0xc4, 0xeb,
		0xae, 0x97, 0xdd, 0xd8, 0x7f, 0x3d, 0x89, 0x85,
	};
	u8 digest[SHA384_DIGEST_SIZE], chunk[1000];
	struct sha384_state state;
	int i;

	memset(chunk, 'a', sizeof(chunk));
	sha384_init(&state);
	for (i = 0; i < 1000; i++)
		sha384_update(&state, chunk, sizeof(chunk));
	sha384_final(&state, digest);

	EXPECT_EQ(0, memcmp(digest, expected, sizeof(digest)));
}

TEST_F_TIMEOUT(td, mrtd, TEST_TIMEOUT_S)
{
	u8 expected[SHA384_DIGEST_SIZE], mrtd[SHA384_DIGEST_SIZE];
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	vm = vm_tdx_create_barebones(1, 2);
	vm_tdx_init_vm(vm, 0);
	vcpu = vm_tdx_vcpu_add(vm, 0);
	vm_tdx_finalize(vm);
	vm_tdx_expected_mrtd(vm, expected);

	for (i = 0; i < 3; i++) {
		tdx_vcpu_get_mrtd(vcpu, mrtd);
		EXPECT_EQ(0, memcmp(mrtd, expected, sizeof(mrtd)));
	}

	kvm_vm_free(vm);
}

TEST_F_TIMEOUT(td, mrtd_depends_on_memory, TEST_TIMEOUT_S)
{
	u8 mrtd[2][SHA384_DIGEST_SIZE];
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	for (i = 0; i < 2; i++) {
		vm = vm_tdx_create_barebones(1, 1);
		vm_tdx_init_vm(vm, 0);
		vcpu = vm_tdx_vcpu_add(vm, 0);
		vm_tdx_finalize(vm);
		tdx_vcpu_get_mrtd(vcpu, mrtd[i]);
		kvm_vm_free(vm);
	}

	EXPECT_NE(0, memcmp(mrtd[0], mrtd[1], sizeof(mrtd[0])));
}

static void *run_guest_code(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	u64 i, sum = 0;
	struct ucall uc;

	for (i = 0; i < NR_SYNCS; i++) {
		sum = sum * 31 + i;
		TEST_ASSERT_EQ(run(vcpu, &uc), UCALL_SYNC);
		TEST_ASSERT_EQ(uc.args[0], i);
		TEST_ASSERT_EQ(uc.args[1], sum);
	}

	TEST_ASSERT_EQ(run(vcpu, &uc), UCALL_DONE);
	return NULL;
}

TEST_F_TIMEOUT(td, runs_c_code, TEST_TIMEOUT_S)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	vm = vm_tdx_create_with_vcpus(1, guest_code, &vcpu);
	vm_tdx_finalize(vm);
	run_guest_code(vcpu);
	kvm_vm_free(vm);
}

TEST_F_TIMEOUT(td, several_tds_and_vcpus, TEST_TIMEOUT_S)
{
	struct kvm_vcpu *vcpus[NR_TDS][MAX_VCPUS];
	pthread_t threads[NR_TDS][MAX_VCPUS];
	u32 nr_vcpus = min_t(u32, vm_tdx_max_vcpus(), MAX_VCPUS);
	struct kvm_vm *vms[NR_TDS];
	int i, j;

	for (i = 0; i < NR_TDS; i++) {
		vms[i] = vm_tdx_create_with_vcpus(nr_vcpus, guest_code, vcpus[i]);
		vm_tdx_finalize(vms[i]);
	}

	for (i = 0; i < NR_TDS; i++) {
		for (j = 0; j < nr_vcpus; j++)
			ASSERT_EQ(0, pthread_create(&threads[i][j], NULL,
						    run_guest_code, vcpus[i][j]));
	}

	for (i = 0; i < NR_TDS; i++) {
		for (j = 0; j < nr_vcpus; j++)
			pthread_join(threads[i][j], NULL);
		kvm_vm_free(vms[i]);
	}
}

TEST_F_TIMEOUT(td, tdreport, TEST_TIMEOUT_S)
{
	u8 expected[SHA384_DIGEST_SIZE];
	struct tdx_report *report;
	gva_t private, shared;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	int i;

	vm = vm_tdx_create_with_vcpus(1, guest_report, &vcpu);
	private = vm_alloc_pages(vm, 1);
	shared = vm_alloc_shared(vm, PAGE_SIZE, KVM_UTIL_MIN_VADDR, MEM_REGION_TEST_DATA);
	report = addr_gva2hva(vm, shared);
	write_guest_global(vm, private_report, (struct tdx_report *)private);
	write_guest_global(vm, private_report_gpa, addr_gva2gpa(vm, private));
	write_guest_global(vm, shared_report, (struct tdx_report *)shared);

	vm_tdx_finalize(vm);
	ASSERT_EQ(UCALL_DONE, run(vcpu, &uc));

	EXPECT_EQ(TDX_REPORT_TYPE, report->mac_struct.type[0]);
	for (i = 0; i < TDX_REPORTDATA_SIZE; i++)
		EXPECT_EQ(REPORT_DATA, report->mac_struct.report_data[i]);
	EXPECT_EQ(0, report->td_info.attributes);
	EXPECT_EQ(XFEATURE_MASK_FP | XFEATURE_MASK_SSE, report->td_info.xfam);

	vm_tdx_expected_mrtd(vm, expected);
	EXPECT_EQ(0, memcmp(report->td_info.mrtd, expected, sizeof(expected)));

	sha384(&report->td_info, sizeof(report->td_info), expected);
	EXPECT_EQ(0, memcmp(report->mac_struct.tee_info_hash, expected, sizeof(expected)));
	sha384(report->tee_tcb_info, sizeof(report->tee_tcb_info), expected);
	EXPECT_EQ(0, memcmp(report->mac_struct.tee_tcb_info_hash, expected, sizeof(expected)));

	kvm_vm_free(vm);
}

TEST_F_TIMEOUT(td, failed_assert_is_reported, TEST_TIMEOUT_S)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;

	vm = vm_tdx_create_with_vcpus(1, guest_assert, &vcpu);
	vm_tdx_finalize(vm);
	EXPECT_EQ(UCALL_ABORT, run(vcpu, &uc));
	kvm_vm_free(vm);
}

TEST_F_TIMEOUT(td, exception_is_reported, TEST_TIMEOUT_S)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;

	vm = vm_tdx_create_with_vcpus(1, guest_exception, &vcpu);
	vm_tdx_finalize(vm);
	EXPECT_EQ(UCALL_ABORT, run(vcpu, &uc));
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE_TDX();

	return test_harness_run(argc, argv);
}

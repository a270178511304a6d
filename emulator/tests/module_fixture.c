// SPDX-License-Identifier: GPL-2.0-only
#include "module_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../abi/seamldr.h"
#include "../crypto/sha384.h"

#define HANDOFF_SIZE (14 * PAGE_SIZE)
#define GLOBAL_SIZE  (32 * PAGE_SIZE)
#define LP_DATA_SIZE (64 * PAGE_SIZE)
#define DATA_BASE    (FAKE_SEAMRR_BASE + 0x10000)

/* Not each program has all of them. */
void module_entry_1_5_05(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_1_5_06(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_1_5_07(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_1_5_08(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_broken_sys_init(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_broken_lp_init(struct seam_cpu *cpu) __attribute__((weak));
void module_entry_broken_sys_update(struct seam_cpu *cpu) __attribute__((weak));

static const struct {
	seam_module_entry_t entry;
	u16 module_hv;
} versions[NUM_MODULE_VERSIONS] = {
	[MODULE_1_5_05] = { module_entry_1_5_05, 0 },
	[MODULE_1_5_06] = { module_entry_1_5_06, 0 },
	[MODULE_1_5_07] = { module_entry_1_5_07, 1 },
	[MODULE_1_5_08] = { module_entry_1_5_08, 1 },
	[MODULE_BROKEN_SYS_INIT] = { module_entry_broken_sys_init, 0 },
	[MODULE_BROKEN_LP_INIT] = { module_entry_broken_lp_init, 0 },
	[MODULE_BROKEN_SYS_UPDATE] = { module_entry_broken_sys_update, 0 },
};

__thread struct seam_gprs out;
__thread u32 this_lp;
struct seam_sysinfo sysinfo;

static seam_module_entry_t entry;

/* Statuses that were returned, without their details. */
static u64 seen[256];
static u32 num_seen;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void note_status(u64 status)
{
	u32 i;

	status &= TDX_STATUS_CODE_MASK;
	pthread_mutex_lock(&seen_lock);
	for (i = 0; i < num_seen && seen[i] != status; i++)
		;
	if (i == num_seen && num_seen < ARRAY_SIZE(seen))
		seen[num_seen++] = status;
	pthread_mutex_unlock(&seen_lock);
}

u64 call_on(u32 lp, u64 rax, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	struct seam_cpu cpu = fake_cpu(lp);

	cpu.sysinfo = &sysinfo;
	cpu.host.reg[GPR_RAX] = rax;
	cpu.host.reg[GPR_RCX] = rcx;
	cpu.host.reg[GPR_RDX] = rdx;
	cpu.host.reg[GPR_R8] = r8;
	cpu.host.reg[GPR_R9] = r9;
	entry(&cpu);
	out = cpu.host;
	note_status(out.reg[GPR_RAX]);
	return out.reg[GPR_RAX];
}

static void install(enum module_version version)
{
	entry = versions[version].entry;
	sysinfo = (struct seam_sysinfo){
		.platform = &fake.platform,
		.data_base = DATA_BASE,
		.data_size = HANDOFF_SIZE + GLOBAL_SIZE + fake.platform.num_lps * LP_DATA_SIZE,
		.handoff_size = HANDOFF_SIZE,
		.module_hv = versions[version].module_hv,
		.seam_svn = 0x0100 + version,
	};
	memset(sysinfo.mrseam, 0x10 + version, sizeof(sysinfo.mrseam));
	memset(fake_pointer(DATA_BASE + HANDOFF_SIZE), 0, sysinfo.data_size - HANDOFF_SIZE);
}

void module_install(enum module_version version)
{
	install(version);
}

void module_load(enum module_version version)
{
	install(version);
	memset(fake_pointer(DATA_BASE), 0, HANDOFF_SIZE);
}

void host_reset(enum module_version version)
{
	fake_reset(NUM_LPS, NUM_PACKAGES);
	fake.platform.deep_invariants = true;
	fake.platform.hardware_locks = true;
	fake.platform.protect(FAKE_SEAMRR_BASE, FAKE_SEAMRR_SIZE, SEAM_PAGE_SEAMRR);
	module_load(version);
}

static void must(u64 status, const char *what)
{
	if (status) {
		tap_is(status, 0, "the fixture's %s", what);
		exit(tap_finish());
	}
}

void init_all_lps(u64 init_version, u64 enabling_flags)
{
	must(call(TDH_SYS_INIT | init_version, 0, 0, 0, enabling_flags), "TDH.SYS.INIT");
	for (u32 lp = 0; lp < NUM_LPS; lp++)
		must(call_on(lp, TDH_SYS_LP_INIT, 0, 0, 0, 0), "TDH.SYS.LP.INIT");
}

#define GIB BIT(30)

struct tdmr_info good_tdmr(void)
{
	struct tdmr_info tdmr = { .base = 0, .size = GIB };
	u64 pamt = fake_alloc_pages(1024 + 2 + 1), end = FAKE_RAM_BASE + FAKE_CMR_SIZE;

	tdmr.pamt_4k_base = pamt;
	tdmr.pamt_4k_size = 1024 * PAGE_SIZE;
	tdmr.pamt_2m_base = pamt + 1024 * PAGE_SIZE;
	tdmr.pamt_2m_size = 2 * PAGE_SIZE;
	tdmr.pamt_1g_base = pamt + 1026 * PAGE_SIZE;
	tdmr.pamt_1g_size = PAGE_SIZE;
	tdmr.reserved[0].offset = 0;
	tdmr.reserved[0].size = FAKE_RAM_BASE;
	tdmr.reserved[1].offset = pamt;
	tdmr.reserved[1].size = 1027 * PAGE_SIZE;
	tdmr.reserved[2].offset = end;
	tdmr.reserved[2].size = GIB - end;
	return tdmr;
}

u64 sys_config(const struct tdmr_info *tdmr, u64 count, u64 keyid)
{
	u64 pa = fake_alloc_pages(1 + count), *list = fake_pointer(pa);

	for (u64 i = 0; i < count; i++) {
		list[i] = pa + (1 + i) * PAGE_SIZE;
		memcpy(fake_pointer(list[i]), &tdmr[i], sizeof(tdmr[i]));
	}
	return call(TDH_SYS_CONFIG, pa, count, keyid, 0);
}

void host_ready(enum module_version version)
{
	struct tdmr_info tdmr;

	host_reset(version);
	init_all_lps(0, 0);
	tdmr = good_tdmr();
	must(sys_config(&tdmr, 1, GLOBAL_KEYID), "TDH.SYS.CONFIG");
	for (u32 package = 0; package < NUM_PACKAGES; package++)
		for (u32 lp = 0; lp < NUM_LPS; lp++)
			if (fake_cpu(lp).package == package) {
				must(call_on(lp, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0),
				     "TDH.SYS.KEY.CONFIG");
				break;
			}
	do {
		must(call(TDH_SYS_TDMR_INIT, tdmr.base, 0, 0, 0), "TDH.SYS.TDMR.INIT");
	} while (out.reg[GPR_RDX] < tdmr.base + tdmr.size);
}

u64 host_update(u64 handoff_version, enum module_version version, bool v1, u64 flags)
{
	u64 status = call(TDH_SYS_SHUTDOWN, handoff_version, 0, 0, 0);

	if (status)
		return status;
	module_install(version);
	init_all_lps(0, 0);
	return call(TDH_SYS_UPDATE | (v1 ? VERSION_1 : 0), 0, 0, 0, v1 ? flags : 0);
}

struct td_params good_params(void)
{
	struct td_params params = {
		.attributes = BIT(28),
		.xfam = 3,
		.max_vcpus = 2,
		.eptp_controls = 0x1e,
		.config_flags = BIT(2),
		.tsc_frequency = 80,
		.cpuid[0][0] = TD_FAMILY_MODEL,
	};

	_Static_assert(sizeof(params) == 1024, "TD_PARAMS");
	memset(params.mrconfigid, 0xc1, sizeof(params.mrconfigid));
	return params;
}

u64 params_page(const struct td_params *params)
{
	u64 pa = fake_alloc_pages(1);

	memcpy(fake_pointer(pa), params, sizeof(*params));
	return pa;
}

static u32 lp_of_package(u32 package)
{
	for (u32 lp = 0; lp < NUM_LPS; lp++)
		if (fake_cpu(lp).package == package)
			return lp;
	abort();
}

void td_create(struct test_td *td, u64 keyid)
{
	memset(td, 0, sizeof(*td));
	td->keyid = keyid;
	td->tdr = fake_alloc_pages(1);
	must(call(TDH_MNG_CREATE, td->tdr, keyid, 0, 0), "TDH.MNG.CREATE");
	for (u32 package = 0; package < NUM_PACKAGES; package++)
		must(call_on(lp_of_package(package), TDH_MNG_KEY_CONFIG, td->tdr, 0, 0, 0),
		     "TDH.MNG.KEY.CONFIG");
}

void td_init(struct test_td *td)
{
	struct td_params params = good_params();

	for (u32 i = 0; i < TD_TDCX_PAGES; i++) {
		td->tdcx[i] = fake_alloc_pages(1);
		must(call(TDH_MNG_ADDCX, td->tdcx[i], td->tdr, 0, 0), "TDH.MNG.ADDCX");
	}
	must(call(TDH_MNG_INIT, td->tdr, params_page(&params), 0, 0), "TDH.MNG.INIT");
}

void td_add_vcpu(struct test_td *td, u32 i)
{
	struct test_vcpu *vcpu = &td->vcpu[i];

	vcpu->tdvpr = fake_alloc_pages(1);
	must(call(TDH_VP_CREATE, vcpu->tdvpr, td->tdr, 0, 0), "TDH.VP.CREATE");
	for (u32 j = 0; j < VCPU_TDCX_PAGES; j++) {
		vcpu->tdcx[j] = fake_alloc_pages(1);
		must(call(TDH_VP_ADDCX, vcpu->tdcx[j], vcpu->tdvpr, 0, 0), "TDH.VP.ADDCX");
	}
	must(call(TDH_VP_INIT | VERSION_1, vcpu->tdvpr, 0x1234, i, 0), "TDH.VP.INIT");
}

void td_add_sept(struct test_td *td, u64 gpa)
{
	for (u32 level = 3; level; level--) {
		u64 size = PAGE_SIZE << (9 * level);

		td->sept[level - 1] = fake_alloc_pages(1);
		must(call(TDH_MEM_SEPT_ADD, (gpa & ~(size - 1)) | level, td->tdr,
			  td->sept[level - 1], 0),
		     "TDH.MEM.SEPT.ADD");
	}
}

u64 td_add_page(struct test_td *td, u64 gpa, u8 fill)
{
	u64 source = fake_alloc_pages(1), page = fake_alloc_pages(1);

	memset(fake_pointer(source), fill, PAGE_SIZE);
	must(call(TDH_MEM_PAGE_ADD, gpa, td->tdr, page, source), "TDH.MEM.PAGE.ADD");
	for (u64 offset = 0; offset < PAGE_SIZE; offset += 256)
		must(call(TDH_MR_EXTEND, gpa + offset, td->tdr, 0, 0), "TDH.MR.EXTEND");
	return page;
}

void td_finalize(struct test_td *td)
{
	must(call(TDH_MR_FINALIZE, td->tdr, 0, 0, 0), "TDH.MR.FINALIZE");
}

void td_build(struct test_td *td, u64 keyid)
{
	td_create(td, keyid);
	td_init(td);
	td_add_vcpu(td, 0);
	td_add_sept(td, TEST_GPA);
	td_add_page(td, TEST_GPA, 0x5a);
	td_finalize(td);
}

static void reclaim(u64 pa)
{
	if (pa)
		must(call(TDH_PHYMEM_PAGE_RECLAIM, pa, 0, 0, 0), "TDH.PHYMEM.PAGE.RECLAIM");
}

void td_destroy(struct test_td *td)
{
	for (u32 i = 0; i < 2; i++)
		for (u32 lp = 0; td->vcpu[i].tdvpr && lp < NUM_LPS; lp++)
			call_on(lp, TDH_VP_FLUSH, td->vcpu[i].tdvpr, 0, 0, 0);
	must(call(TDH_MNG_VPFLUSHDONE, td->tdr, 0, 0, 0), "TDH.MNG.VPFLUSHDONE");
	for (u32 package = 0; package < NUM_PACKAGES; package++) {
		u64 status = call_on(lp_of_package(package), TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);

		/* Another thread's call may have served this TD's KeyID, too. */
		if (status != TDX_NO_HKID_READY_TO_WBCACHE)
			must(status, "TDH.PHYMEM.CACHE.WB");
	}
	must(call(TDH_MNG_KEY_FREEID, td->tdr, 0, 0, 0), "TDH.MNG.KEY.FREEID");

	/* All that belongs to the TD, found by asking about each page. */
	for (u64 pa = FAKE_RAM_BASE; pa < fake_alloc_end(); pa += PAGE_SIZE)
		if (!call(TDH_PHYMEM_PAGE_RDMD, pa, 0, 0, 0) && out.reg[GPR_RCX] > 1 &&
		    out.reg[GPR_RDX] == td->tdr)
			reclaim(pa);
	reclaim(td->tdr);
}

void expected_mrtd(u8 fill, u8 mrtd[48])
{
	struct sha384 context;
	u8 block[128], chunk[256];
	u64 gpa = TEST_GPA;

	sha384_init(&context);
	memset(block, 0, sizeof(block));
	memcpy(block, "MEM.PAGE.ADD", 12);
	memcpy(block + 16, &gpa, 8);
	sha384_update(&context, block, sizeof(block));
	memset(chunk, fill, sizeof(chunk));
	for (u32 i = 0; i < 16; i++, gpa += 256) {
		memset(block, 0, sizeof(block));
		memcpy(block, "MR.EXTEND", 9);
		memcpy(block + 16, &gpa, 8);
		sha384_update(&context, block, sizeof(block));
		sha384_update(&context, chunk, sizeof(chunk));
	}
	sha384_final(&context, mrtd);
}

/* Statuses that no test can see, and why. */
static const struct {
	u64 status;
	const char *why;
} unreachable[] = {
	{ TDX_NON_RECOVERABLE_TD, "nothing in the model ends a TD but its vCPUs" },
	{ TDX_INTERRUPTED_RESTARTABLE, "no leaf of the model is long enough to be interrupted" },
	{ TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, "there are no machine checks" },
	{ TDX_INVALID_RESUMPTION, "no leaf of the model keeps a state to resume" },
	{ TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE, "the host is in x2APIC mode always" },
	{ TDX_HOST_PRIORITY_BUSY_TIMEOUT, "no leaf of the model tells of it" },
	{ TDX_PAGE_ALREADY_FREE, "of leaves that Linux does not call" },
	{ TDX_PAGE_NOT_OWNED_BY_TD, "of leaves that Linux does not call" },
	{ TDX_PAGE_NOT_FREE, "of leaves that Linux does not call" },
	{ TDX_TD_FATAL, "nothing in the model makes a TD fatal" },
	{ TDX_TD_NON_DEBUG, "debug leaves are not modelled" },
	{ TDX_KEY_STATE_INCORRECT, "of TDs that are imported" },
	{ TDX_INCORRECT_CPUID_VALUE, "all LPs of the emulated host are alike" },
	{ TDX_INCONSISTENT_MSR, "all LPs of the emulated host are alike" },
	{ TDX_INCORRECT_MSR_VALUE, "all LPs of the emulated host are alike" },
	{ TDX_SEAMREPORT_NOT_AVAILABLE, "reports are always available" },
};

void test_note_td_status(u64 status);
void test_note_td_status(u64 status)
{
	note_status(status);
}

static bool was_seen(u64 status)
{
	for (u32 i = 0; i < num_seen; i++)
		if (seen[i] == status)
			return true;
	return false;
}

static const char *why_unreachable(u64 status)
{
	for (u32 i = 0; i < ARRAY_SIZE(unreachable); i++)
		if (unreachable[i].status == status)
			return unreachable[i].why;
	return NULL;
}

void test_coverage(void)
{
	static const u64 statuses[] = {
#define STATUS_VALUE(name, value) value,
		TDX_STATUSES(STATUS_VALUE)
#undef STATUS_VALUE
	};

	u32 reached = 0;

	for (u32 i = 0; i < ARRAY_SIZE(statuses); i++) {
		const char *name = tdx_status_name(statuses[i]);
		const char *why = why_unreachable(statuses[i]);

		reached += was_seen(statuses[i]);

		if (why)
			tap_ok(!was_seen(statuses[i]), "TDX_%s is never seen: %s", name, why);
		else
			tap_ok(was_seen(statuses[i]), "TDX_%s was seen", name);
	}
	printf("# the TDX module: %u of %zu status codes were reached, not these:\n", reached,
	       ARRAY_SIZE(statuses));
	for (u32 i = 0; i < ARRAY_SIZE(statuses); i++) {
		const char *why = why_unreachable(statuses[i]);

		if (!was_seen(statuses[i]))
			printf("#   TDX_%s: %s\n", tdx_status_name(statuses[i]),
			       why ?: "no reason");
	}
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* memmem() */
/*
 * Updates between all versions of the TDX module: the real images, installed by
 * P-SEAMLDR and called where it put them.
 *
 * What an update does to a TD in its build is the point of it all: nothing, if the
 * two versions agree on the layout of the unfinished measurement; a wrong MRTD and
 * no error, if they do not; an error, if the host has asked for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "../abi/seamcall.h"
#include "../abi/status.h"
#include "seamldr_fixture.h"
#include "tap.h"

#define UPDATE_COMPATIBILITY   BIT(47) /* FEATURES0 */
#define AVOID_COMPAT_SENSITIVE BIT(16) /* RCX of TDH.SYS.SHUTDOWN */
#define FIELD_MODULE_HV	       0x8900000100000000UL
#define FIELD_UPDATE_VERSION   0x0800000100000005UL
#define FIELD_TDCS_SIZE	       0x9800000100000100UL

#define GLOBAL_KEYID   (FAKE_MKTME_KEYIDS + 1)
#define TDMR_SIZE      0x40000000UL
/* PAMTs and the host's own pages are below, pages for TDs above. */
#define USABLE_BASE    (FAKE_RAM_BASE + 0x01000000UL)
#define TD_GPA	       0xfffff000UL
#define TD_PAGES       4
#define MAX_TDCS_PAGES 9

struct version {
	const char *name;
	int layout; /* of the unfinished measurement */
	u16 hv;
	bool counts_builds;
};

static const struct version versions[] = {
	{ "1.5.05", 1, 0, false },
	{ "1.5.06", 2, 0, false },
	{ "1.5.07", 3, 1, true },
	{ "1.5.08", 3, 1, true },
};

struct td {
	u64 tdr;
	u64 tdcs[MAX_TDCS_PAGES];
	u32 num_tdcs;
	SHA512_CTX expected;
};

static u64 next_td_page;

static u64 td_page(void)
{
	u64 pa = next_td_page;

	next_td_page += PAGE_SIZE;
	return pa;
}

/* A SEAMCALL on @lp; outputs replace the inputs. -1 stands for VMfailInvalid. */
static u64 seamcall_on(u32 lp, u64 leaf, u64 regs[4])
{
	static const u8 which[4] = { GPR_RCX, GPR_RDX, GPR_R8, GPR_R9 };
	struct seam_cpu cpu = fake_cpu(lp);

	if (!seamldr_module_ready(&ldr))
		return ~0UL;
	cpu.sysinfo = seamldr_module_sysinfo(&ldr);
	cpu.host.reg[GPR_RAX] = leaf;
	for (int i = 0; i < 4; i++)
		cpu.host.reg[which[i]] = regs[i];
	((seam_module_entry_t)((u64)seamldr_module_entry(&ldr)))(&cpu);
	for (int i = 0; i < 4; i++)
		regs[i] = cpu.host.reg[which[i]];
	return cpu.host.reg[GPR_RAX];
}

#define seamcall(leaf, ...) seamcall_on(0, leaf, (u64[4]){ __VA_ARGS__ })

static u64 sys_rd(u64 field)
{
	u64 regs[4] = { 0, field };

	return seamcall_on(0, TDH_SYS_RD, regs) ? ~0UL : regs[2];
}

/* Which leaf failed, and how: for a chain of calls of which none must. */
static const char *failed_leaf;
static u64 failed_status;

static bool succeeds(const char *leaf, u64 status)
{
	if (!status)
		return true;
	failed_leaf = leaf;
	failed_status = status;
	return false;
}

#define CALL(leaf, ...) succeeds(#leaf, seamcall(leaf, __VA_ARGS__))

static bool init_lps(u64 version, u64 flags)
{
	if (!CALL(TDH_SYS_INIT | version << 16, 0, 0, 0, flags))
		return false;
	for (u32 lp = 0; lp < FIXTURE_NUM_LPS; lp++) {
		if (!succeeds("TDH_SYS_LP_INIT", seamcall_on(lp, TDH_SYS_LP_INIT, (u64[4]){})))
			return false;
	}
	return true;
}

/* All RAM is in one TDMR, but for what is below USABLE_BASE and no memory. */
static u64 make_tdmr_info(void)
{
	u64 array_pa = fake_alloc_pages(1), info_pa = fake_alloc_pages(1);
	u64 *array = fake_pointer(array_pa), *info = fake_pointer(info_pa);
	u64 end = FAKE_RAM_BASE + FAKE_CMR_SIZE;

	array[0] = info_pa;
	info[0] = 0;
	info[1] = TDMR_SIZE;
	for (int i = 0; i < 3; i++) {
		u64 entries = TDMR_SIZE >> (30 - 9 * i);
		u64 pages = (entries * 16 + PAGE_SIZE - 1) / PAGE_SIZE;

		info[2 + 2 * i] = fake_alloc_pages(pages);
		info[3 + 2 * i] = pages * PAGE_SIZE;
	}
	info[8] = 0;
	info[9] = USABLE_BASE;
	info[10] = end;
	info[11] = TDMR_SIZE - end;
	return array_pa;
}

static bool init_module(void)
{
	u64 regs[4] = {};

	if (!init_lps(0, 0) || !CALL(TDH_SYS_CONFIG, make_tdmr_info(), 1, GLOBAL_KEYID))
		return false;
	/* LP 0 and the last one are of different packages. */
	if (!CALL(TDH_SYS_KEY_CONFIG, 0) ||
	    !succeeds("TDH_SYS_KEY_CONFIG",
		      seamcall_on(FIXTURE_NUM_LPS - 1, TDH_SYS_KEY_CONFIG, (u64[4]){})))
		return false;
	do {
		regs[0] = 0;
		if (!succeeds("TDH_SYS_TDMR_INIT", seamcall_on(0, TDH_SYS_TDMR_INIT, regs)))
			return false;
	} while (regs[1] < TDMR_SIZE);
	return true;
}

static u64 make_td_params(void)
{
	u64 pa = fake_alloc_pages(1);
	u8 *params = fake_pointer(pa);
	const u64 attributes = BIT(28), xfam = 3, eptp = 0x1e, flags = BIT(2);
	const u16 max_vcpus = 1, tsc_frequency = 40;

	memcpy(params, &attributes, 8);
	memcpy(params + 8, &xfam, 8);
	memcpy(params + 16, &max_vcpus, 2);
	memcpy(params + 24, &eptp, 8);
	memcpy(params + 32, &flags, 8);
	memcpy(params + 40, &tsc_frequency, 2);
	return pa;
}

static bool create_td(struct td *td, u16 keyid)
{
	*td = (struct td){ .tdr = td_page(), .num_tdcs = sys_rd(FIELD_TDCS_SIZE) / PAGE_SIZE };
	SHA384_Init(&td->expected);

	if (!CALL(TDH_MNG_CREATE, td->tdr, keyid) || !CALL(TDH_MNG_KEY_CONFIG, td->tdr) ||
	    !succeeds("TDH_MNG_KEY_CONFIG",
		      seamcall_on(FIXTURE_NUM_LPS - 1, TDH_MNG_KEY_CONFIG, (u64[4]){ td->tdr })))
		return false;
	for (u32 i = 0; i < td->num_tdcs; i++) {
		td->tdcs[i] = td_page();
		if (!CALL(TDH_MNG_ADDCX, td->tdcs[i], td->tdr))
			return false;
	}
	if (!CALL(TDH_MNG_INIT, td->tdr, make_td_params()))
		return false;
	for (u64 level = 3; level >= 1; level--) {
		u64 gpa = TD_GPA & ~((PAGE_SIZE << 9 * level) - 1);

		if (!CALL(TDH_MEM_SEPT_ADD, gpa | level, td->tdr, td_page()))
			return false;
	}
	return true;
}

/* One measured page; the caller looks at the status of TDH.MEM.PAGE.ADD. */
static u64 add_page(struct td *td, u32 number)
{
	u64 gpa = TD_GPA - number * PAGE_SIZE, source = fake_alloc_pages(1), status;
	u8 *content = fake_pointer(source), block[128] = "MEM.PAGE.ADD";

	memset(content, 0x11 * number + 1, PAGE_SIZE);
	status = seamcall(TDH_MEM_PAGE_ADD, gpa, td->tdr, td_page(), source);
	if (status)
		return status;
	memcpy(block + 16, &gpa, 8);
	SHA384_Update(&td->expected, block, sizeof(block));

	for (u64 chunk = 0; chunk < PAGE_SIZE; chunk += 256) {
		u64 at = gpa + chunk;

		status = seamcall(TDH_MR_EXTEND, at, td->tdr);
		if (status)
			return status;
		memset(block, 0, sizeof(block));
		memcpy(block, "MR.EXTEND", 9);
		memcpy(block + 16, &at, 8);
		SHA384_Update(&td->expected, block, sizeof(block));
		SHA384_Update(&td->expected, content + chunk, 256);
	}
	return 0;
}

static bool add_pages(struct td *td, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		if (!succeeds("TDH_MEM_PAGE_ADD or TDH_MR_EXTEND", add_page(td, i)))
			return false;
	}
	return true;
}

/* Finalize it and look whether the right MRTD is in its control structure. */
static bool finalize(struct td *td, bool *right)
{
	u8 mrtd[SHA384_DIGEST_LENGTH];
	u64 vcpu = td_page();

	*right = false;
	if (!CALL(TDH_VP_CREATE, vcpu, td->tdr))
		return false;
	for (int i = 0; i < 5; i++) {
		if (!CALL(TDH_VP_ADDCX, td_page(), vcpu))
			return false;
	}
	if (!CALL(TDH_VP_INIT | 1 << 16, vcpu, 0, 0) || !CALL(TDH_MR_FINALIZE, td->tdr))
		return false;
	SHA384_Final(mrtd, &td->expected);
	for (u32 i = 0; i < td->num_tdcs; i++) {
		if (memmem(fake_pointer(td->tdcs[i]), PAGE_SIZE, mrtd, sizeof(mrtd)))
			*right = true;
	}
	return true;
}

/* SEAMLDR.INSTALL on all LPs of an image that was built. */
static u64 install(const char *name, bool at_boot)
{
	struct seamldr_params *params;
	char path[1024];
	u64 pa, size, params_pa;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.blob", getenv("IMAGES") ?: IMAGES, name);
	file = fopen(path, "rb");
	if (!file) {
		printf("Bail out! cannot read %s; run make -C emulator all\n", path);
		exit(1);
	}
	pa = fake_alloc_pages(128);
	size = fread(fake_pointer(pa), 1, 128 * PAGE_SIZE, file);
	fclose(file);
	if (at_boot)
		return seamldr_boot_load(&ldr, pa, size);

	params_pa = fake_alloc_pages(1);
	params = fake_pointer(params_pa);
	params->scenario = SEAMLDR_SCENARIO_UPDATE;
	params->sigstruct_pa = pa + PAGE_SIZE;
	params->num_module_pages = size / PAGE_SIZE - 2;
	for (u64 i = 0; i < params->num_module_pages; i++)
		params->module_page_pa[i] = pa + (2 + i) * PAGE_SIZE;
	return fixture_install(params_pa).rax;
}

static bool boot(const struct version *version)
{
	fixture_start();
	next_td_page = USABLE_BASE;
	return !install(version->name, true) && init_module();
}

/* As Linux does it (version 0), or with the features of @flags (version 1). */
static bool update(const struct version *to, u64 version, u64 flags)
{
	return CALL(TDH_SYS_SHUTDOWN, sys_rd(FIELD_MODULE_HV)) &&
	       succeeds("SEAMLDR_INSTALL", install(to->name, false)) && init_lps(version, flags) &&
	       CALL(TDH_SYS_UPDATE | version << 16, 0, 0, 0, flags);
}

static void show_failure(void)
{
	if (failed_leaf)
		printf("# %s: 0x%016lx\n", failed_leaf, failed_status);
	failed_leaf = NULL;
}

static bool check(bool passed, const char *what, const struct version *from,
		  const struct version *to)
{
	failed_leaf = passed ? NULL : failed_leaf;
	tap_ok(passed, "%s to %s: %s", from->name, to->name, what);
	show_failure();
	return passed;
}

static void test_pair(const struct version *from, const struct version *to)
{
	struct td done = {}, building = {};
	bool right;

	if (!check(boot(from) && create_td(&done, GLOBAL_KEYID + 1) &&
			   add_pages(&done, 0, TD_PAGES) && finalize(&done, &right) && right,
		   "a TD is built before", from, to) ||
	    !check(create_td(&building, GLOBAL_KEYID + 2) && add_pages(&building, 0, 2),
		   "another one is begun", from, to))
		return;

	if (from->hv > to->hv) {
		check(!update(to, 0, 0) && failed_status == SEAMLDR_EBADHANDOFF,
		      "handoff data are too new", from, to);
		failed_leaf = NULL;
		return;
	}
	if (!check(update(to, 0, 0), "updates", from, to))
		return;
	tap_is(sys_rd(FIELD_UPDATE_VERSION), to->name[5] - '0', "%s to %s: the new one answers",
	       from->name, to->name);
	if (!check(add_pages(&building, 2, TD_PAGES) && finalize(&building, &right),
		   "the build goes on without any error", from, to))
		return;
	check(right == (from->layout == to->layout),
	      from->layout == to->layout ? "and its MRTD is right" : "and its MRTD is wrong", from,
	      to);
}

/* A host that asks the new module to look after builds. */
static void test_compatibility(const struct version *from, const struct version *to)
{
	struct td building = {}, fresh = {};
	bool right;
	u64 status;

	if (!to->counts_builds)
		return;
	if (!check(boot(from) && create_td(&building, GLOBAL_KEYID + 2) &&
			   add_pages(&building, 0, 2) && update(to, 1, UPDATE_COMPATIBILITY),
		   "updates with bit 47 while a TD is built", from, to))
		return;

	status = add_page(&building, 2);
	tap_is(status, from->counts_builds ? 0 : TDX_INCOMPATIBLE_MRTD_CONTEXT,
	       "%s to %s: the build %s", from->name, to->name,
	       from->counts_builds ? "goes on" : "is refused");
	if (!from->counts_builds) {
		tap_is(seamcall(TDH_MR_EXTEND, TD_GPA, building.tdr), TDX_INCOMPATIBLE_MRTD_CONTEXT,
		       "%s to %s: so is its measurement", from->name, to->name);
	}
	check(create_td(&fresh, GLOBAL_KEYID + 3) && add_pages(&fresh, 0, 2) &&
		      finalize(&fresh, &right) && right,
	      "a new TD is built", from, to);
}

/* A host that asks the old module not to shut down while a TD is built. */
static void test_avoid(const struct version *version)
{
	struct td building = {};
	bool right;
	u64 hv;

	if (!tap_ok(boot(version) && create_td(&building, GLOBAL_KEYID + 2) &&
			    add_pages(&building, 0, 1),
		    "%s: a TD is begun", version->name)) {
		show_failure();
		return;
	}
	hv = sys_rd(FIELD_MODULE_HV);
	tap_is(hv, version->hv, "%s: MODULE_HV", version->name);
	tap_is(seamcall(TDH_SYS_SHUTDOWN, hv | AVOID_COMPAT_SENSITIVE),
	       version->counts_builds ? TDX_UPDATE_COMPATIBILITY_SENSITIVE | 1 << 16 :
					TDX_OPERAND_INVALID | OPERAND_RCX,
	       "%s: SHUTDOWN with bit 16", version->name);
	tap_ok(add_pages(&building, 1, 2) && finalize(&building, &right) && right,
	       "%s: changes nothing: the build goes on", version->name);
	show_failure();
	if (version->counts_builds) {
		tap_is(seamcall(TDH_SYS_SHUTDOWN, hv | AVOID_COMPAT_SENSITIVE), 0,
		       "%s: SHUTDOWN with bit 16 and no build", version->name);
		tap_is(seamcall(TDH_SYS_RD, 0, FIELD_MODULE_HV), TDX_SYS_SHUTDOWN,
		       "%s: after which the module answers no more", version->name);
	}
}

/* Back and forth, with a TD in its build all the time. */
static void test_many_updates(void)
{
	const struct version *a = &versions[2], *b = &versions[3];
	struct td td = {};
	bool right = false, passed;

	passed = boot(a) && create_td(&td, GLOBAL_KEYID + 1);
	for (u32 i = 0; passed && i < 20; i++) {
		next_td_page = ALIGN_UP(next_td_page, PAGE_SIZE);
		passed = add_pages(&td, i, i + 1) && update(i & 1 ? a : b, 0, 0);
	}
	passed = passed && finalize(&td, &right);
	tap_ok(passed && right, "20 updates between %s and %s during a build", a->name, b->name);
	show_failure();
}

int main(void)
{
	for (size_t from = 0; from < ARRAY_SIZE(versions); from++) {
		for (size_t to = 0; to < ARRAY_SIZE(versions); to++) {
			test_pair(&versions[from], &versions[to]);
			if (from != to)
				test_compatibility(&versions[from], &versions[to]);
		}
		test_avoid(&versions[from]);
	}
	test_many_updates();
	return tap_finish();
}

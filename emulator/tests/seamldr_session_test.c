// SPDX-License-Identifier: GPL-2.0-only
/*
 * P-SEAMLDR's sessions over all LPs, its mutual exclusion, the update log, and the
 * leaves SHUTDOWN and CLEANUP.
 */
#include <pthread.h>
#include <string.h>

#include "seamldr_fixture.h"
#include "tap.h"

#define LAST_LP (FIXTURE_NUM_LPS - 1)
#define BAD_LP	SEAM_MAX_LPS

/* As fixture_call(), for an LP that the platform has no room for. */
static u64 call_on_bad_lp(u64 leaf)
{
	struct seam_cpu cpu = fake_cpu(0);

	cpu.lp = BAD_LP;
	cpu.host.reg[GPR_RAX] = leaf;
	seamldr_call(&ldr, &cpu);
	fixture_note(cpu.host.reg[GPR_RAX]);
	return cpu.host.reg[GPR_RAX];
}

static void test_needs_all_lps(void)
{
	struct image image;
	struct result result;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	tap_ok(seamldr_module_ready(&ldr), "the module can be called before INSTALL");
	fixture_call(0, SEAMLDR_INSTALL, image.params_pa);
	tap_ok(!seamldr_module_ready(&ldr), "but not from its first call on");

	result = fixture_call(0, SEAMLDR_INSTALL, image.params_pa);
	tap_is(result.rax, SEAMLDR_EBADCALL, "a second call on an LP");
	tap_is(result.rdx, 0, "which is recoverable");

	/* RCX counts on the last LP only. */
	result = fixture_call(1, SEAMLDR_INSTALL, 0x123);
	tap_is(result.rax, 0, "RCX of an LP that is not the last is not looked at");
	fixture_call(2, SEAMLDR_INSTALL, image.params_pa);
	tap_ok(!seamldr_module_ready(&ldr), "one LP is missing: nothing installed");
	tap_is(ldr.num_remaining_updates, SEAMLDR_UPDATE_CAPACITY - 1, "and nothing logged");

	result = fixture_call(LAST_LP, SEAMLDR_INSTALL, image.params_pa);
	tap_is(result.rax, 0, "the last LP installs; the bad call did not count");
	tap_ok(seamldr_module_ready(&ldr), "the module can be called");

	fixture_write_handoff(0);
	tap_is(fixture_call(0, SEAMLDR_INSTALL, image.params_pa).rax, 0,
	       "and the next session can begin");
	tap_is(call_on_bad_lp(SEAMLDR_INSTALL), SEAMLDR_EUNSPECERR,
	       "INSTALL on an LP above the limit");
}

static void test_wipe(void)
{
	const struct seam_sysinfo *sysinfo;
	struct image image;
	u8 *code, *data;
	u64 handoff_end = sizeof(struct seam_handoff_header) + FIXTURE_HANDOFF_SIZE;
	u64 dirty = 0;

	fixture_start_ready_for_update();
	sysinfo = seamldr_module_sysinfo(&ldr);
	code = fake_pointer(sysinfo->module_base);
	data = fake_pointer(sysinfo->data_base);
	*(u8 *)fake_pointer(FAKE_SEAMRR_BASE + PAGE_SIZE) = 0x77;
	memset(data + handoff_end, 0x77, sysinfo->data_size - handoff_end);
	memset(code + sysinfo->module_size, 0x77, 0x200000 - sysinfo->module_size);

	image = fixture_image(2);
	image.sigstruct->module_hv = 3;
	image.sigstruct->no_downgrade = 1;
	image.sigstruct->seamsvn = FIXTURE_SVN + 1;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, 0, "an update");

	for (u64 i = handoff_end; i < sysinfo->data_size; i++)
		dirty += data[i];
	for (u64 i = sysinfo->module_size; i < 0x200000; i++)
		dirty += code[i];
	dirty += *(u8 *)fake_pointer(FAKE_SEAMRR_BASE + PAGE_SIZE);
	tap_is(dirty, 0, "wipes the data region and the code region");
	dirty = 0;
	for (u64 i = sizeof(struct seam_handoff_header); i < handoff_end; i++)
		dirty += data[i] != 0x5a;
	tap_is(dirty, 0, "keeps the handoff data");
	tap_ok(fixture_handoff()->valid && fixture_handoff()->size == FIXTURE_HANDOFF_SIZE,
	       "keeps the handoff header");

	tap_ok(!memcmp(code, fixture_page(&image, 0), PAGE_SIZE) &&
		       !memcmp(code + 4 * PAGE_SIZE, fixture_page(&image, 4), PAGE_SIZE),
	       "copies the pages in order");
	tap_ok((u8 *)(u64)seamldr_module_entry(&ldr) == code + 0x40,
	       "the entry point is rip_offset");
	tap_is(sysinfo->platform == &fake.platform, true, "sysinfo: platform");
	tap_is(sysinfo->module_size, FIXTURE_MODULE_PAGES * PAGE_SIZE,
	       "sysinfo: size of the module");
	tap_is(sysinfo->handoff_size, 14 * PAGE_SIZE, "sysinfo: size of the handoff area");
	tap_is(sysinfo->data_size, (14 + FIXTURE_NUM_LPS + 34) * PAGE_SIZE,
	       "sysinfo: size of the data region");
	tap_is(sysinfo->module_hv, 3, "sysinfo: MODULE_HV");
	tap_is(sysinfo->min_update_hv, 0, "sysinfo: MIN_UPDATE_HV");
	tap_is(sysinfo->no_downgrade, 1, "sysinfo: NO_DOWNGRADE");
	tap_is(sysinfo->seam_svn, FIXTURE_SVN + 1, "sysinfo: SVN");
	tap_ok(!memcmp(sysinfo->mrseam, image.sigstruct->seamhash, 48), "sysinfo: MRSEAM");
	tap_ok(sysinfo->data_base + sysinfo->data_size <= sysinfo->module_base,
	       "the regions do not overlap");
	tap_ok(sysinfo->module_base + 0x200000 <= FAKE_SEAMRR_BASE + FAKE_SEAMRR_SIZE &&
		       sysinfo->data_base > FAKE_SEAMRR_BASE,
	       "they are in the SEAM range");
	tap_is(fake.use[(FAKE_SEAMRR_BASE - FAKE_RAM_BASE) / PAGE_SIZE], SEAM_PAGE_SEAMRR,
	       "the host has lost the start of the SEAM range");
	tap_is(fake.use[FAKE_NUM_PAGES - 1], SEAM_PAGE_SEAMRR, "and its end");
}

/* A smaller module must not find what a bigger one left. */
static void test_wipe_of_bigger(void)
{
	const struct seam_sysinfo *sysinfo;
	struct image image;
	u8 *last;

	fixture_start_ready_for_update();
	sysinfo = seamldr_module_sysinfo(&ldr);
	last = fake_pointer(sysinfo->data_base + sysinfo->data_size - 1);
	*last = 0x77;
	image = fixture_image(2);
	image.sigstruct->num_global_data_pages = 0;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, 0, "an update to a module with less data");
	tap_is(*last, 0, "wipes the data of the bigger one");

	fixture_write_handoff(0);
	*last = 0x77;
	image.sigstruct->num_global_data_pages = 33;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, 0, "an update to a module with more data");
	tap_is(*last, 0, "wipes what it gets");
}

static void test_handoff(void)
{
	struct image image;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	fixture_handoff()->valid = false;
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADHANDOFF,
	       "update of a module that was not shut down");
	tap_ok(seamldr_module_ready(&ldr), "which goes on as if nothing had been");

	fixture_write_handoff(1);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADHANDOFF,
	       "handoff data that are too new");
	fixture_write_handoff(0);
	fixture_handoff()->size = 14 * PAGE_SIZE - 7;
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADHANDOFF,
	       "handoff data that exceed their area");
	fixture_handoff()->size = 14 * PAGE_SIZE - 8;
	tap_is(fixture_install(image.params_pa).rax, 0, "handoff data that fill their area");
}

static void test_update_log(void)
{
	struct image image;
	u32 succeeded = 0;
	struct result result;

	fixture_start();
	ldr.update_capacity = 3;
	image = fixture_image(1);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADPARAM, "UPDATE without a module");
	image.params->scenario = SEAMLDR_SCENARIO_LOAD;
	tap_is(fixture_install(image.params_pa).rax, 0, "LOAD without a module");
	tap_is(ldr.num_remaining_updates, 2, "LOAD takes one of three entries of the log");

	image.params->scenario = SEAMLDR_SCENARIO_UPDATE;
	for (;;) {
		fixture_write_handoff(0);
		result = fixture_install(image.params_pa);
		if (result.rax)
			break;
		succeeded++;
	}
	tap_is(succeeded, 2, "two updates fit");
	tap_is(result.rax, SEAMLDR_EBADCALL, "the next one does not");
	tap_is(result.rdx, 0, "which is recoverable");
	tap_ok(seamldr_module_ready(&ldr), "and leaves the module");

	/* Checked before the handoff header. */
	fixture_handoff()->valid = false;
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADCALL,
	       "the log before the handoff data");

	image.params->scenario = SEAMLDR_SCENARIO_LOAD;
	tap_is(fixture_install(image.params_pa).rax, 0, "LOAD empties the log");
	tap_is(ldr.num_remaining_updates, 2, "and takes an entry of it");
}

static void test_reload(void)
{
	struct image image;
	u64 dirty = 0;
	u8 *data, *code;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	image.params->scenario = SEAMLDR_SCENARIO_LOAD;
	image.sigstruct->seamsvn = FIXTURE_SVN - 1;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_ECLEANUPREQ, "LOAD of a lower SVN");
	image.sigstruct->seamsvn = FIXTURE_SVN + 0x100;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_ECLEANUPREQ,
	       "LOAD of another major SVN");

	for (u32 lp = 0; lp < FIXTURE_NUM_LPS; lp++)
		fixture_call(lp, SEAMLDR_CLEANUP, 0);
	image.sigstruct->seamsvn = FIXTURE_SVN & 0xff;
	fixture_sign(&image);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EUNSUPPORTED, "LOAD of major SVN 0");
	image.sigstruct->seamsvn = FIXTURE_SVN + 0x100;
	fixture_sign(&image);
	data = fake_pointer(seamldr_module_sysinfo(&ldr)->data_base);
	memset(data, 0x77, PAGE_SIZE);
	code = fake_pointer(seamldr_module_sysinfo(&ldr)->module_base);
	memset(code + FIXTURE_MODULE_PAGES * PAGE_SIZE, 0x77, PAGE_SIZE);
	tap_is(fixture_install(image.params_pa).rax, 0, "LOAD of another major SVN after CLEANUP");
	for (u64 i = 0; i < PAGE_SIZE; i++)
		dirty += data[i] + code[FIXTURE_MODULE_PAGES * PAGE_SIZE + i];
	tap_is(dirty, 0, "LOAD wipes the handoff area and the code region too");
}

static void test_entropy(void)
{
	struct image image;
	struct result result;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	fixture_install_but_last(image.params_pa);
	fake.no_entropy = 1;
	result = fixture_call(LAST_LP, SEAMLDR_INSTALL, image.params_pa);
	tap_is(result.rax, SEAMLDR_ENOENTROPY, "no entropy for the layout");
	tap_is(result.rdx, 0, "which is recoverable");
	tap_ok(seamldr_module_ready(&ldr), "and leaves the module");
}

/* The first random number works, the following ones fail for long. */
static unsigned int numbers_left;

static bool random_fails_later(u64 *value)
{
	*value = 4;
	return numbers_left && numbers_left--;
}

static void test_log_entropy(void)
{
	struct image image;
	struct result result;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	numbers_left = 1;
	fake.platform.random = random_fails_later;
	result = fixture_install(image.params_pa);
	tap_is(result.rax, SEAMLDR_ENOENTROPY, "no entropy for the update log");
	tap_is(result.rdx, 1, "comes too late to be recoverable");
	tap_ok(!seamldr_module_ready(&ldr), "the module cannot be called");
	tap_is(ldr.num_remaining_updates, SEAMLDR_UPDATE_CAPACITY - 1, "nothing is logged");
}

static void test_shutdown(void)
{
	const struct seamldr_info *info;
	struct image image;
	struct result result;
	u64 info_pa;

	fixture_start_ready_for_update();
	info_pa = fake_alloc_pages(1);
	info = fake_pointer(info_pa);
	tap_is(fixture_call(0, SEAMLDR_SHUTDOWN, 0).rax, SEAMLDR_ECLEANUPREQ,
	       "SHUTDOWN before CLEANUP");
	tap_is(call_on_bad_lp(SEAMLDR_SHUTDOWN), SEAMLDR_EUNSPECERR,
	       "SHUTDOWN on an LP above the limit");
	for (u32 lp = 0; lp < FIXTURE_NUM_LPS; lp++)
		tap_is(fixture_call(lp, SEAMLDR_CLEANUP, 0).rax, 0, "CLEANUP on LP %u", lp);
	tap_ok(!seamldr_module_ready(&ldr), "CLEANUP: no module is left");
	fixture_call(0, SEAMLDR_INFO, info_pa);
	tap_is(info->seam_extend.valid, 0, "CLEANUP: SEAMEXTEND is empty");
	tap_is(ldr.num_remaining_updates, SEAMLDR_UPDATE_CAPACITY,
	       "CLEANUP empties the update log");

	image = fixture_image(1);
	image.params->scenario = SEAMLDR_SCENARIO_LOAD;
	fixture_call(0, SEAMLDR_INSTALL, image.params_pa);
	tap_is(fixture_call(1, SEAMLDR_SHUTDOWN, 0).rax, SEAMLDR_EBADCALL,
	       "SHUTDOWN during INSTALL");
	tap_is(fixture_call(1, SEAMLDR_CLEANUP, 0).rax, SEAMLDR_EBADCALL, "CLEANUP during INSTALL");
	for (u32 lp = 1; lp < FIXTURE_NUM_LPS; lp++)
		fixture_call(lp, SEAMLDR_INSTALL, image.params_pa);
	for (u32 lp = 0; lp < FIXTURE_NUM_LPS; lp++)
		fixture_call(lp, SEAMLDR_CLEANUP, 0);

	for (u32 lp = 0; lp < LAST_LP; lp++)
		tap_is(fixture_call(lp, SEAMLDR_SHUTDOWN, 0).rax, 0, "SHUTDOWN on LP %u", lp);
	tap_is(fixture_call(0, SEAMLDR_SHUTDOWN, 0).rax, 0, "SHUTDOWN may be repeated");
	tap_is(fixture_call(LAST_LP, SEAMLDR_INSTALL, image.params_pa).rax, SEAMLDR_EBADCALL,
	       "INSTALL during SHUTDOWN");
	tap_is(fixture_call(LAST_LP, SEAMLDR_CLEANUP, 0).rax, SEAMLDR_EBADCALL,
	       "CLEANUP during SHUTDOWN");
	tap_is(fixture_call(LAST_LP, SEAMLDR_SHUTDOWN, 0).rax, SEAMLDR_EBADCALL,
	       "SHUTDOWN ends on the ACM's LP only");
	tap_is(fixture_call(0, SEAMLDR_SHUTDOWN, 0).rax, 0, "which it is on");
	result = fixture_call(0, SEAMLDR_INSTALL, image.params_pa);
	tap_ok(result.vmfail && result.rax == SEAMLDR_INSTALL,
	       "after SHUTDOWN all is VMfailInvalid, RAX unchanged");
}

static void test_cleanup(void)
{
	const struct seamldr_info *info;
	struct image image;
	u64 info_pa;

	fixture_start();
	tap_is(fixture_call(0, SEAMLDR_CLEANUP, 0).rax, SEAMLDR_EBADCALL, "CLEANUP before INSTALL");
	tap_is(call_on_bad_lp(SEAMLDR_CLEANUP), SEAMLDR_EUNSPECERR,
	       "CLEANUP on an LP above the limit");

	fixture_start_ready_for_update();
	image = fixture_image(2);
	tap_is(fixture_call(0, SEAMLDR_CLEANUP, 0).rax, 0, "CLEANUP on the first LP");
	tap_ok(!seamldr_module_ready(&ldr), "the module cannot be called any more");
	tap_is(fixture_handoff()->valid, false, "the handoff data are invalid");
	info_pa = fake_alloc_pages(1);
	info = fake_pointer(info_pa);
	fixture_call(1, SEAMLDR_INFO, info_pa);
	tap_is(info->seam_extend.tee_tcb_svn[0] | info->seam_extend.tee_tcb_svn[1], 0,
	       "the SVN is forgotten");
	tap_is(fixture_call(0, SEAMLDR_CLEANUP, 0).rax, SEAMLDR_EBADCALL,
	       "a second CLEANUP on an LP");
	tap_is(fixture_call(1, SEAMLDR_INSTALL, image.params_pa).rax, SEAMLDR_EBADCALL,
	       "INSTALL during CLEANUP");
}

/* seamldr_call() on another LP while this one is inside, in its random(). */
static struct result from_inside;

static bool call_from_inside(u64 *value)
{
	*value = 4;
	from_inside = fixture_call(0, SEAMLDR_INFO, fake_alloc_pages(1));
	return true;
}

static void test_mutual_exclusion(void)
{
	struct image image;

	fixture_start_ready_for_update();
	image = fixture_image(2);
	fake.platform.random = call_from_inside;
	tap_is(fixture_install(image.params_pa).rax, 0, "an update");
	tap_ok(from_inside.vmfail, "while an LP is inside, another gets VMfailInvalid");
	tap_is(from_inside.rax, SEAMLDR_INFO, "and its RAX is unchanged");
	tap_ok(!fixture_call(0, SEAMLDR_INFO, fake_alloc_pages(1)).vmfail, "and not afterwards");
}

#define RACE_CALLS 1000

struct racer {
	pthread_t thread;
	u64 pa;
	u32 lp;
	bool failed;
};

static void *race(void *data)
{
	struct racer *racer = data;

	for (u32 inside = 0; inside < RACE_CALLS && !racer->failed;) {
		struct result result = fixture_call(racer->lp, SEAMLDR_INFO, racer->pa);

		if (result.vmfail)
			continue;
		inside++;
		racer->failed = result.rax;
	}
	return NULL;
}

static void test_race(void)
{
	struct racer racers[2] = {};

	fixture_start_ready_for_update();
	for (u32 i = 0; i < ARRAY_SIZE(racers); i++) {
		racers[i].lp = i;
		racers[i].pa = fake_alloc_pages(1);
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	for (u32 i = 0; i < ARRAY_SIZE(racers); i++)
		pthread_join(racers[i].thread, NULL);
	tap_ok(!racers[0].failed && !racers[1].failed,
	       "two LPs at once: each call succeeds or is VMfailInvalid");
}

int main(void)
{
	test_needs_all_lps();
	test_wipe();
	test_wipe_of_bigger();
	test_handoff();
	test_update_log();
	test_reload();
	test_entropy();
	test_log_entropy();
	test_shutdown();
	test_cleanup();
	test_mutual_exclusion();
	test_race();
	return tap_finish();
}

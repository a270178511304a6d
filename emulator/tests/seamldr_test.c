// SPDX-License-Identifier: GPL-2.0-only
/* P-SEAMLDR: the leaves that report, and what the firmware does at boot. */
#include <string.h>

#include "seamldr_fixture.h"
#include "tap.h"

static void test_unknown_leaves(void)
{
	fixture_start_ready_for_update();
	for (u64 leaf = 5; leaf < 300; leaf += 59)
		tap_is(fixture_call(0, SEAMLDR_LEAF_FLAG | leaf, 0).rax, SEAMLDR_EBADPARAM,
		       "leaf %lu does not exist", leaf);
	tap_is(fixture_call(0, SEAMLDR_INFO | BIT(16), fake_alloc_pages(1)).rax, SEAMLDR_EBADPARAM,
	       "leaves have no versions");
	tap_is(fixture_call(0, SEAMLDR_INFO | BIT(62), fake_alloc_pages(1)).rax, SEAMLDR_EBADPARAM,
	       "RAX bit 62 is reserved");
}

static void test_info(void)
{
	u64 pa;
	struct seamldr_info *info;
	u8 *page;

	fixture_start();
	pa = fake_alloc_pages(1);
	page = fake_pointer(pa);
	memset(page, 0x99, PAGE_SIZE);
	info = (struct seamldr_info *)(page + 256);

	tap_is(fixture_call(0, SEAMLDR_INFO, pa + 256).rax, 0, "INFO");
	tap_is(info->version, 0, "INFO: VERSION");
	tap_is(info->attributes, 0, "INFO: ATTRIBUTES");
	tap_is(info->vendor, 0x8086, "INFO: VENDOR_ID");
	tap_is(info->major, 1, "INFO: MAJOR_VERSION");
	tap_is(info->minor, 5, "INFO: MINOR_VERSION");
	tap_is(info->seam_ready, 0, "INFO: SEAM_READY without a module");
	tap_is(info->seam_extend.valid, 0, "INFO: SEAMEXTEND without a module");
	tap_is(info->p_seamldr_ready, 1, "INFO: P_SEAMLDR_READY");
	tap_is(info->features0, 2, "INFO: FEATURES0");
	tap_ok(page[255] == 0x99 && page[512] == 0x99, "INFO writes 256 bytes");
	tap_is(fixture_call(0, SEAMLDR_INFO, pa + 128).rax, SEAMLDR_EBADPARAM, "INFO, unaligned");
	tap_is(fixture_call(0, SEAMLDR_INFO, FAKE_SEAMRR_BASE).rax, SEAMLDR_EBADPARAM,
	       "INFO to the SEAM range");

	fixture_start_ready_for_update();
	info = fake_pointer(pa = fake_alloc_pages(1));
	tap_is(fixture_call(0, SEAMLDR_INFO, pa).rax, 0, "INFO");
	tap_is(info->seam_ready, 1, "INFO: SEAM_READY");
	tap_is(info->seam_extend.valid, 0x1ff, "INFO: SEAMEXTEND.VALID");
	tap_is(info->seam_extend.tee_tcb_svn[0], FIXTURE_SVN & 0xff, "INFO: minor SVN");
	tap_is(info->seam_extend.tee_tcb_svn[1], FIXTURE_SVN >> 8, "INFO: major SVN");
	tap_ok(!memcmp(info->seam_extend.mrseam, seamldr_module_sysinfo(&ldr)->mrseam, 48),
	       "INFO: MRSEAM");
	tap_is(info->num_remaining_updates, SEAMLDR_UPDATE_CAPACITY - 1,
	       "INFO: NUM_REMAINING_UPDATES");
	fixture_call(0, SEAMLDR_INSTALL, 0);
	fixture_call(0, SEAMLDR_INFO, pa);
	tap_is(info->seam_ready, 0, "INFO: SEAM_READY during INSTALL");
	tap_is(info->seam_extend.valid, 0x1ff, "INFO: SEAMEXTEND during INSTALL");
}

static void test_seaminfo(void)
{
	u64 pa;
	struct p_sysinfo_table *table;

	fixture_start();
	pa = fake_alloc_pages(2);
	table = fake_pointer(pa + 2048);
	memset(fake_pointer(pa), 0x99, 2 * PAGE_SIZE);
	tap_is(fixture_call(0, SEAMLDR_SEAMINFO, pa + 2048).rax, 0, "SEAMINFO");
	tap_is(table->tot_num_lps, FIXTURE_NUM_LPS, "SEAMINFO: TOT_NUM_LPS");
	tap_is(table->tot_num_sockets, 2, "SEAMINFO: TOT_NUM_SOCKETS");
	tap_is(table->socket_cpuid[1], 0x806f8, "SEAMINFO: SOCKET_CPUID");
	tap_ok(table->p_seamldr_range_size &&
		       table->p_seamldr_range_base + table->p_seamldr_range_size ==
			       FAKE_SEAMRR_BASE + FAKE_SEAMRR_SIZE,
	       "SEAMINFO: P-SEAMLDR is at the end of its range");
	tap_is(table->cmr[0].base, FAKE_RAM_BASE, "SEAMINFO: base of the first CMR");
	tap_is(table->cmr[0].size, FAKE_CMR_SIZE, "SEAMINFO: its size");
	tap_is(table->cmr[1].size, 0, "SEAMINFO: end of the CMRs");
	tap_is(*(u8 *)(table + 1), 0x99, "SEAMINFO writes 2048 bytes");
	tap_is(fixture_call(0, SEAMLDR_SEAMINFO, pa + 1024).rax, SEAMLDR_EBADPARAM,
	       "SEAMINFO, unaligned");
}

/* A page that is half in convertible memory, half in the hole behind it. */
static void test_memory_map(void)
{
	fixture_start();
	fake.platform.num_cmrs = 2;
	fake.platform.cmr[0].size = 0x1000;
	fake.platform.cmr[1] = (struct seam_memory_range){ FAKE_RAM_BASE + 0x3000, 0x1400 };

	tap_is(fixture_call(0, SEAMLDR_INFO, FAKE_RAM_BASE + 0xf00).rax, 0, "end of the first CMR");
	tap_is(fixture_call(0, SEAMLDR_INFO, FAKE_RAM_BASE + 0x1000).rax, SEAMLDR_EBADPARAM,
	       "hole between the CMRs");
	tap_is(fixture_call(0, SEAMLDR_SEAMINFO, FAKE_RAM_BASE + 0x3000).rax, 0, "second CMR");
	tap_is(fixture_call(0, SEAMLDR_SEAMINFO, FAKE_RAM_BASE + 0x4000).rax, SEAMLDR_EBADPARAM,
	       "partly behind the second CMR");
	/* Firmware that calls the SEAM range convertible memory changes nothing. */
	fake.platform.cmr[1] = fake.platform.seamrr;
	tap_is(fixture_call(0, SEAMLDR_INFO, FAKE_SEAMRR_BASE).rax, SEAMLDR_EBADPARAM,
	       "start of a convertible SEAM range");
	tap_is(fixture_call(0, SEAMLDR_INFO, FAKE_SEAMRR_BASE + FAKE_SEAMRR_SIZE - 256).rax,
	       SEAMLDR_EBADPARAM, "end of a convertible SEAM range");
	tap_is(fixture_call(0, SEAMLDR_INFO, ~0xffUL).rax, SEAMLDR_EBADPARAM, "highest address");
}

static void test_pages_of_tds(void)
{
	u64 pa;

	fixture_start();
	pa = fake_alloc_pages(1);
	fake.platform.protect(pa, PAGE_SIZE, SEAM_PAGE_TD_PRIVATE);
	tap_ok(fake_catches_broken(fixture_call(0, SEAMLDR_INFO, pa + 256)),
	       "a page that the host gave away ends the run");
	fixture_start();
	fake.platform.protect(pa, PAGE_SIZE, SEAM_PAGE_TD_PRIVATE);
	fake.platform.unprotect(pa, PAGE_SIZE);
	tap_is(fixture_call(0, SEAMLDR_INFO, pa + 256).rax, 0, "and one that it got back does not");
}

static void test_boot(void)
{
	struct image image;
	struct tdx_image_header *header;
	u64 pa, size = (2 + FIXTURE_MODULE_PAGES) * PAGE_SIZE;

	fixture_start();
	image = fixture_image(1);
	tap_is(fixture_install(image.params_pa).rax, SEAMLDR_EBADPARAM, "boot: no UPDATE before");
	pa = fake_alloc_pages(2 + FIXTURE_MODULE_PAGES);
	header = fake_pointer(pa);
	memcpy(fake_pointer(pa + PAGE_SIZE), image.sigstruct, sizeof(*image.sigstruct));
	for (u64 i = 0; i < FIXTURE_MODULE_PAGES; i++)
		memcpy(fake_pointer(pa + (2 + i) * PAGE_SIZE), fixture_page(&image, i), PAGE_SIZE);

	tap_is(seamldr_boot_load(&ldr, pa, size), SEAMLDR_EBADPARAM, "boot: no header");
	memcpy(header->signature, TDX_IMAGE_SIGNATURE, sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = FIXTURE_MODULE_PAGES;
	header->version = 0x0100;
	tap_is(seamldr_boot_load(&ldr, pa, size), SEAMLDR_EBADPARAM, "boot: other version");
	header->version = TDX_IMAGE_VERSION;
	tap_is(seamldr_boot_load(&ldr, pa, size - 1), SEAMLDR_EBADPARAM, "boot: short file");
	tap_is(seamldr_boot_load(&ldr, pa, 100), SEAMLDR_EBADPARAM,
	       "boot: shorter than its header");
	header->signature[7]++;
	tap_is(seamldr_boot_load(&ldr, pa, size), SEAMLDR_EBADPARAM, "boot: no TDX-BLOB");
	header->signature[7]--;
	header->module_nr_pages = SEAMLDR_MAX_MODULE_PAGES + 1;
	tap_is(seamldr_boot_load(&ldr, pa, (SEAMLDR_MAX_MODULE_PAGES + 3) * PAGE_SIZE),
	       SEAMLDR_EBADPARAM, "boot: too many pages");
	header->module_nr_pages = 0;
	tap_is(seamldr_boot_load(&ldr, pa, 2 * PAGE_SIZE), SEAMLDR_EBADPARAM, "boot: no pages");
	header->module_nr_pages = FIXTURE_MODULE_PAGES;
	header->sigstruct_nr_pages = 2;
	tap_is(seamldr_boot_load(&ldr, pa, size + PAGE_SIZE), SEAMLDR_EBADPARAM,
	       "boot: two pages of SEAM_SIGSTRUCT");
	header->sigstruct_nr_pages = 1;
	tap_ok(!seamldr_module_ready(&ldr), "boot: no module so far");

	*(u8 *)fake_pointer(pa + size - 1) ^= 1;
	tap_is(seamldr_boot_load(&ldr, pa, size), SEAMLDR_EBADHASH, "boot: damaged module");
	*(u8 *)fake_pointer(pa + size - 1) ^= 1;
	tap_ok(!seamldr_module_ready(&ldr), "boot: it cannot be called");
	tap_is(seamldr_boot_load(&ldr, pa, size), 0, "boot: good module");
	tap_ok(seamldr_module_ready(&ldr), "boot: it can be called");
}

int main(void)
{
	test_unknown_leaves();
	test_info();
	test_seaminfo();
	test_memory_map();
	test_pages_of_tds();
	test_boot();
	return tap_finish();
}

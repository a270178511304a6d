// SPDX-License-Identifier: GPL-2.0-only
/*
 * The images that were built, given to P-SEAMLDR as a kernel does: the good ones
 * install, the broken ones give the status that broken/EXPECTED names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamldr_fixture.h"
#include "tap.h"

#define FIRST_VERSION  "1.5.05"
#define GRANITE_RAPIDS 0xa06d1

static char directory[512];

struct file {
	u64 pa;
	u64 size;
};

/* Into memory of the host, from a page's start. */
static struct file load(const char *name)
{
	struct file file = {};
	char path[1024];
	FILE *stream;
	long size;

	snprintf(path, sizeof(path), "%s/%s.blob", directory, name);
	stream = fopen(path, "rb");
	if (!stream) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	fseek(stream, 0, SEEK_END);
	size = ftell(stream);
	rewind(stream);
	file.size = size;
	file.pa = fake_alloc_pages(size / PAGE_SIZE + 1);
	if (fread(fake_pointer(file.pa), 1, size, stream) != file.size)
		abort();
	fclose(stream);
	return file;
}

/* A machine of these processors whose firmware has loaded @version. */
static bool start_on(u32 cpuid_1_eax, const char *version)
{
	struct file file;

	fixture_start();
	ldr.cpuid_1_eax = cpuid_1_eax;
	file = load(version);
	if (seamldr_boot_load(&ldr, file.pa, file.size))
		return false;
	fixture_write_handoff(0);
	return true;
}

static bool start(const char *version)
{
	return start_on(SEAMLDR_CPUID_1_EAX, version);
}

static struct result update(const char *name)
{
	struct file file = load(name);
	const struct tdx_image_header *header = fake_pointer(file.pa);
	u64 params_pa = fake_alloc_pages(1);
	struct seamldr_params *params = fake_pointer(params_pa);
	u64 next = file.pa + PAGE_SIZE;

	params->scenario = SEAMLDR_SCENARIO_UPDATE;
	if (header->sigstruct_nr_pages) {
		params->sigstruct_pa = next;
		next += PAGE_SIZE;
	} else {
		/* Instead of physical address 0, which is no memory here. */
		params->sigstruct_pa = fake_alloc_pages(1);
	}
	params->num_module_pages = header->module_nr_pages;
	for (u64 i = 0; i < params->num_module_pages; i++)
		params->module_page_pa[i] = next + i * PAGE_SIZE;
	return fixture_install(params_pa);
}

/*
 * INSTALL on all LPs while the module serves, that is without TDH.SYS.SHUTDOWN: the
 * status tells what an update would give up to the point where the old module is lost,
 * and nothing is.
 */
static void rehearse(const char *name, u64 status)
{
	struct seam_extend extend;
	struct seam_sysinfo sysinfo;
	struct result result;
	u32 updates;

	fixture_handoff()->valid = false;
	extend = ldr.extend;
	sysinfo = *seamldr_module_sysinfo(&ldr);
	updates = ldr.num_remaining_updates;

	result = update(name);
	tap_is(result.rax, status, "%s: rehearsed: status", name);
	tap_is(result.rdx, SEAMLDR_INSTALL_RECOVERABLE, "%s: rehearsed: RDX", name);
	tap_ok(seamldr_module_ready(&ldr), "%s: rehearsed: the module can be called", name);
	tap_is(ldr.num_remaining_updates, updates, "%s: rehearsed: the log is as it was", name);
	tap_ok(!memcmp(&extend, &ldr.extend, sizeof(extend)) &&
		       !memcmp(&sysinfo, seamldr_module_sysinfo(&ldr), sizeof(sysinfo)),
	       "%s: rehearsed: it is the module that was there", name);
	fixture_write_handoff(0);
}

static void test_good(void)
{
	static const char *const versions[] = { "1.5.05", "1.5.06", "1.5.07", "1.5.08" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		const char *version = versions[i];

		tap_ok(start(version), "%s: loads at boot", version);
		if (!tap_ok(start(FIRST_VERSION), "%s: the first module", version))
			continue;
		rehearse(version, SEAMLDR_EBADHANDOFF);
		tap_is(update(version).rax, 0, "%s: is an update of " FIRST_VERSION, version);
		tap_ok(seamldr_module_ready(&ldr), "%s: can be called", version);
	}
	start("1.5.07");
	fixture_write_handoff(1);
	tap_is(update("1.5.06").rax, SEAMLDR_EBADHANDOFF, "1.5.06 is no update of 1.5.07");
}

static void test_other_line(void)
{
	start(FIRST_VERSION);
	rehearse("2.0.08", SEAMLDR_EUNSUPPORTED);
	tap_ok(!start("2.0.05"), "2.0.05: does not load at boot on another processor");

	tap_ok(start_on(GRANITE_RAPIDS, "2.0.05"), "2.0.05: loads at boot on its processor");
	rehearse("2.0.08", SEAMLDR_EBADHANDOFF);
	rehearse("1.5.08", SEAMLDR_EUNSUPPORTED);
	rehearse("broken/bad-signature", SEAMLDR_EUNSUPPORTED);
	tap_is(update("2.0.08").rax, 0, "2.0.08: is an update of 2.0.05");
	tap_ok(seamldr_module_ready(&ldr), "2.0.08: can be called");
}

static void test_broken(const char *name, const char *expected)
{
	char path[512], *end;
	struct result result;
	u64 status;

	/* The kernel does not hand these over. */
	if (!strcmp(expected, "kernel"))
		return;

	/* A status of the module itself: P-SEAMLDR installs it. */
	status = strtoull(expected, &end, 16);
	if (!strcmp(expected, "accepted") || status >> 62 == 3)
		status = 0;

	snprintf(path, sizeof(path), "broken/%s", name);
	if (!tap_ok(start(FIRST_VERSION), "%s: the module before a rehearsal", name))
		return;
	/* What comes after the handoff data are checked is not rehearsed. */
	rehearse(path, status && status != SEAMLDR_EBADHASH ? status : SEAMLDR_EBADHANDOFF);

	if (!tap_ok(start(FIRST_VERSION), "%s: the first module", name))
		return;
	result = update(path);
	tap_is(result.rax, status, "%s: status", name);
	tap_is(result.rdx, status == SEAMLDR_EBADHASH, "%s: RDX", name);
}

int main(void)
{
	char line[512], path[1024];
	FILE *expected;

	snprintf(directory, sizeof(directory), "%s", getenv("IMAGES") ?: IMAGES);
	snprintf(path, sizeof(path), "%s/broken/EXPECTED", directory);
	expected = fopen(path, "r");
	if (!expected) {
		printf("Bail out! cannot read %s; run make -C emulator all\n", path);
		return 1;
	}

	test_good();
	test_other_line();
	while (fgets(line, sizeof(line), expected)) {
		char *name = strtok(line, "\t"), *status = strtok(NULL, "\t");

		test_broken(name, status);
	}
	fclose(expected);
	return tap_finish();
}

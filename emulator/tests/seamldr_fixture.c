// SPDX-License-Identifier: GPL-2.0-only
#define OPENSSL_API_COMPAT 10101

#include "seamldr_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

struct seamldr ldr;

static RSA *test_key(void)
{
	static RSA *key;
	FILE *file;

	if (key)
		return key;
	file = fopen(TEST_KEY, "r");
	if (file)
		key = PEM_read_RSAPrivateKey(file, NULL, NULL, NULL);
	if (!key) {
		printf("Bail out! cannot read %s\n", TEST_KEY);
		abort();
	}
	fclose(file);
	return key;
}

void fixture_start(void)
{
	fake_reset(FIXTURE_NUM_LPS, 2);
	seamldr_init(&ldr, &fake.platform);
}

struct seam_handoff_header *fixture_handoff(void)
{
	return fake_pointer(seamldr_module_sysinfo(&ldr)->data_base);
}

void fixture_write_handoff(u16 hv)
{
	struct seam_handoff_header *handoff = fixture_handoff();

	*handoff = (struct seam_handoff_header){
		.valid = true,
		.hv = hv,
		.size = FIXTURE_HANDOFF_SIZE,
	};
	memset(handoff + 1, 0x5a, FIXTURE_HANDOFF_SIZE);
}

/* A contiguous TDX-BLOB, as the firmware loads it. */
static u64 make_blob(const struct image *image)
{
	u64 pages = image->params->num_module_pages;
	u64 pa = fake_alloc_pages(2 + pages);
	struct tdx_image_header *header = fake_pointer(pa);

	header->version = TDX_IMAGE_VERSION;
	memcpy(header->signature, TDX_IMAGE_SIGNATURE, sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = pages;
	memcpy(fake_pointer(pa + PAGE_SIZE), image->sigstruct, sizeof(*image->sigstruct));
	for (u64 i = 0; i < pages; i++)
		memcpy(fake_pointer(pa + (2 + i) * PAGE_SIZE), fixture_page(image, i), PAGE_SIZE);
	return pa;
}

void fixture_start_ready_for_update(void)
{
	struct image image;

	fixture_start();
	image = fixture_image(1);
	if (seamldr_boot_load(&ldr, make_blob(&image), (2 + FIXTURE_MODULE_PAGES) * PAGE_SIZE)) {
		printf("Bail out! the first module cannot be loaded\n");
		abort();
	}
	fixture_write_handoff(0);
}

u8 *fixture_page(const struct image *image, u64 page)
{
	return fake_pointer(image->params->module_page_pa[page]);
}

void fixture_hash(const struct image *image)
{
	SHA512_CTX context;

	SHA384_Init(&context);
	for (u64 i = 0; i < image->params->num_module_pages; i++)
		SHA384_Update(&context, fixture_page(image, i), PAGE_SIZE);
	SHA384_Final(image->sigstruct->seamhash, &context);
}

void fixture_sign(const struct image *image)
{
	struct seam_sigstruct *sigstruct = image->sigstruct;
	u8 digest[SHA384_DIGEST_LENGTH], signature[sizeof(sigstruct->signature)];
	unsigned int size;
	SHA512_CTX context;

	SHA384_Init(&context);
	SHA384_Update(&context, sigstruct, 128);
	SHA384_Update(&context, sigstruct->seamhash, 2048 - 900);
	SHA384_Final(digest, &context);
	if (!RSA_sign(NID_sha384, digest, sizeof(digest), signature, &size, test_key()))
		abort();
	for (size_t i = 0; i < sizeof(signature); i++)
		sigstruct->signature[i] = signature[sizeof(signature) - 1 - i];
}

struct image fixture_image(u8 seed)
{
	struct image image = { .params_pa = fake_alloc_pages(1) };
	struct seam_sigstruct *sigstruct;

	image.params = fake_pointer(image.params_pa);
	image.params->scenario = SEAMLDR_SCENARIO_UPDATE;
	image.params->sigstruct_pa = fake_alloc_pages(1);
	image.params->num_module_pages = FIXTURE_MODULE_PAGES;
	for (u64 i = 0; i < FIXTURE_MODULE_PAGES; i++) {
		/* Backwards, so that the order matters. */
		image.params->module_page_pa[FIXTURE_MODULE_PAGES - 1 - i] = fake_alloc_pages(1);
	}
	for (u64 i = 0; i < FIXTURE_MODULE_PAGES; i++)
		memset(fixture_page(&image, i), seed + 16 * i, PAGE_SIZE);

	sigstruct = fake_pointer(image.params->sigstruct_pa);
	image.sigstruct = sigstruct;
	*sigstruct = (struct seam_sigstruct){
		.header_type = SEAM_SIGSTRUCT_HEADER_TYPE,
		.header_length = SEAM_SIGSTRUCT_HEADER_LENGTH,
		.header_version = SEAM_SIGSTRUCT_HEADER_VERSION,
		.vendor = SEAMLDR_VENDOR_INTEL,
		.date = 0x20261122,
		.size = SEAM_SIGSTRUCT_SIZE,
		.key_size = SEAM_SIGSTRUCT_KEY_SIZE,
		.modulus_size = SEAM_SIGSTRUCT_KEY_SIZE,
		.exponent_size = SEAM_SIGSTRUCT_EXPONENT_SIZE,
		.exponent = SEAM_SIGSTRUCT_EXPONENT,
		.seamsvn = FIXTURE_SVN,
		.rip_offset = 0x40,
		.num_global_data_pages = 33,
		.num_handoff_pages = 13,
		.cpuid_table_size = 2,
		.cpuid_table = { 0xc06f0, 0x806f4 },
	};
	BN_bn2lebinpad(RSA_get0_n(test_key()), sigstruct->modulus, sizeof(sigstruct->modulus));
	fixture_hash(&image);
	fixture_sign(&image);
	return image;
}

/* What P-SEAMLDR answered in this program, for statuses_test.py. */
static u64 seen[32];
static u32 num_seen;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

void fixture_note(u64 status)
{
	u32 i;

	pthread_mutex_lock(&seen_lock);
	for (i = 0; i < num_seen && seen[i] != status; i++)
		;
	if (i == num_seen && num_seen < ARRAY_SIZE(seen))
		seen[num_seen++] = status;
	pthread_mutex_unlock(&seen_lock);
}

__attribute__((destructor)) static void write_seen(void)
{
	const char *name = getenv("STATUSES");
	FILE *file = name ? fopen(name, "a") : NULL;

	if (!file)
		return;
	for (u32 i = 0; i < num_seen; i++)
		fprintf(file, "%016lx\n", seen[i]);
	fclose(file);
}

struct result fixture_call(u32 lp, u64 leaf, u64 rcx)
{
	struct seam_cpu cpu = fake_cpu(lp);
	struct seam_gprs before;
	struct result result;

	for (int i = 0; i < GPR_COUNT; i++)
		cpu.host.reg[i] = 0x1111111111111111UL * i;
	cpu.host.reg[GPR_RAX] = leaf;
	cpu.host.reg[GPR_RCX] = rcx;
	before = cpu.host;

	result.vmfail = !seamldr_call(&ldr, &cpu);
	result.rax = cpu.host.reg[GPR_RAX];
	result.rdx = cpu.host.reg[GPR_RDX];
	if (!result.vmfail)
		fixture_note(result.rax);

	/* All but the documented outputs come back as they were. */
	before.reg[GPR_RAX] = result.vmfail ? leaf : result.rax;
	if (leaf == SEAMLDR_INSTALL && !result.vmfail)
		before.reg[GPR_RDX] = result.rdx;
	if (memcmp(&before, &cpu.host, sizeof(before))) {
		printf("Bail out! leaf 0x%lx changed registers that it must not\n", leaf);
		abort();
	}
	return result;
}

bool fixture_install_but_last(u64 params_pa)
{
	for (u32 lp = 0; lp < FIXTURE_NUM_LPS - 1; lp++) {
		struct result result = fixture_call(lp, SEAMLDR_INSTALL, params_pa);

		if (result.vmfail || result.rax || result.rdx)
			return false;
	}
	return true;
}

struct result fixture_install(u64 params_pa)
{
	if (!fixture_install_but_last(params_pa))
		return (struct result){ .vmfail = true };
	return fixture_call(FIXTURE_NUM_LPS - 1, SEAMLDR_INSTALL, params_pa);
}

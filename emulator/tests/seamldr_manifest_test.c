// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAMLDR.INSTALL: what is wrong with the operands, and the status it gives. Each
 * case changes one thing in an update that works. A refused update that cost nothing
 * must be followed by one that succeeds.
 */
#include <stdlib.h>
#include <string.h>

#include "seamldr_fixture.h"
#include "tap.h"

#define RECOVERABLE   SEAMLDR_INSTALL_RECOVERABLE
#define UNRECOVERABLE SEAMLDR_INSTALL_UNRECOVERABLE

struct test_case {
	const char *name;
	u64 status;
	u64 rdx;
	void (*edit)(struct image *image);   /* the sigstruct is signed afterwards */
	void (*damage)(struct image *image); /* after signing */
};

/* clang-format off */
#define EDIT(name, statement)				\
static void name(struct image *image)			\
{							\
	struct seamldr_params *params = image->params;	\
	struct seam_sigstruct *s = image->sigstruct;	\
							\
	(void)params;					\
	(void)s;					\
	statement;					\
}

EDIT(nothing, )

/* PARAMS. */
EDIT(params_unaligned, image->params_pa += 2048)
EDIT(params_in_seamrr, image->params_pa = FAKE_SEAMRR_BASE)
EDIT(params_in_seamrr_end, image->params_pa = FAKE_SEAMRR_BASE + FAKE_SEAMRR_SIZE - PAGE_SIZE)
EDIT(params_not_memory, image->params_pa = FAKE_RAM_BASE - PAGE_SIZE)
EDIT(params_private, image->params_pa |= (FAKE_MKTME_KEYIDS + 1UL) << FAKE_PHYS_BITS)
EDIT(params_shared_keyid, image->params_pa |= (u64)FAKE_MKTME_KEYIDS << FAKE_PHYS_BITS)
EDIT(params_above_maxpa, image->params_pa |= BIT(63))
EDIT(params_version, params->version = 1)
EDIT(params_reserved, params->reserved[103] = 1)
EDIT(params_scenario, params->scenario = 2)
EDIT(no_pages, params->num_module_pages = 0)
EDIT(too_many_pages, params->num_module_pages = SEAMLDR_MAX_MODULE_PAGES + 1)
EDIT(page_unaligned, params->module_page_pa[4] += 16)
EDIT(page_in_seamrr, params->module_page_pa[0] = FAKE_SEAMRR_BASE)
EDIT(page_private, params->module_page_pa[4] |= (FAKE_MKTME_KEYIDS + 1UL) << FAKE_PHYS_BITS)
EDIT(sigstruct_unaligned, params->sigstruct_pa += 8)
EDIT(sigstruct_in_seamrr, params->sigstruct_pa = FAKE_SEAMRR_BASE)

/* Static fields of the sigstruct. */
EDIT(header_type, s->header_type = 5)
EDIT(header_length, s->header_length++)
EDIT(header_version, s->header_version++)
EDIT(module_type, s->module_type = 1)
EDIT(vendor, s->vendor = 0x1022)
EDIT(size, s->size--)
EDIT(key_size, s->key_size++)
EDIT(modulus_size, s->modulus_size++)
EDIT(exponent_size, s->exponent_size++)
EDIT(exponent, s->exponent = 3)
EDIT(attributes, s->attributes = 1)
EDIT(reserved1, s->reserved1[87] = 1)
EDIT(reserved2, s->reserved2[0] = 1)
EDIT(reserved3, s->reserved3 = 1)
EDIT(version, { s->update = 8; s->major = 2; s->build = 0x372; })
EDIT(reserved4, { s->update = 4; s->major = 2; s->build = 0x35b; s->reserved4[0] = 8; })
EDIT(cpuid_table_size, s->cpuid_table_size = 256)
EDIT(handoff_range, s->min_update_hv = 1)
EDIT(gdt_unaligned, { s->gdt_idt_offset = 0x1010; s->fault_wrapper_offset = 16; })
EDIT(gdt_alone, s->gdt_idt_offset = 0x1000)
EDIT(wrapper_alone, s->fault_wrapper_offset = 0x1000)
EDIT(debug_signed, s->module_type = SEAM_SIGSTRUCT_DEBUG_SIGNED)

/* What it says of the module. */
EDIT(major_zero, s->seamsvn = 0x0005)
EDIT(major_higher, s->seamsvn = 0x0205)
EDIT(minor_lower, s->seamsvn = 0x0104)
EDIT(minor_higher, s->seamsvn = 0x0106)
EDIT(gdt_outside, { s->gdt_idt_offset = FIXTURE_MODULE_PAGES * PAGE_SIZE;
		    s->fault_wrapper_offset = 16; })
EDIT(gdt_last_page, { s->gdt_idt_offset = (FIXTURE_MODULE_PAGES - 1) * PAGE_SIZE;
		      s->fault_wrapper_offset = 16; })
EDIT(wrapper_outside, { s->gdt_idt_offset = 0x1000;
			s->fault_wrapper_offset = FIXTURE_MODULE_PAGES * PAGE_SIZE; })
EDIT(other_cpus, s->cpuid_table[1] = 0xa06d0)
EDIT(cpu_behind_table, s->cpuid_table_size = 1)
EDIT(no_cpus, s->cpuid_table_size = 0)
EDIT(too_much_data, s->num_global_data_pages = 0xffff)
EDIT(too_much_handoff, s->num_handoff_pages = 0xffff)
EDIT(too_much_stack, { s->num_stack_pages = 255; s->num_tls_pages = 255; })
EDIT(handoff_too_new, s->min_update_hv = s->module_hv = 1)
EDIT(takes_old_handoff, s->module_hv = 1)

/* Damage. */
EDIT(flip_signature, s->signature[100] ^= 4)
EDIT(flip_modulus, s->modulus[1] ^= 1)
EDIT(flip_signed_start, s->date ^= 1)
EDIT(flip_signed_end, s->cpuid_table[254] ^= 1)
EDIT(flip_seamhash, s->seamhash[0] ^= 1)
EDIT(flip_module_start, fixture_page(image, 0)[0] ^= 1)
EDIT(flip_module_end, fixture_page(image, FIXTURE_MODULE_PAGES - 1)[PAGE_SIZE - 1] ^= 1)
EDIT(swap_pages, { u64 pa = params->module_page_pa[0];
		   params->module_page_pa[0] = params->module_page_pa[1];
		   params->module_page_pa[1] = pa; })

/* Several things at once: which check comes first. */
EDIT(bad_params_and_sigstruct, { params->version = 1; s->vendor = 0; })
EDIT(wrong_key_and_svn, { s->modulus[1] ^= 1; s->seamsvn = 0x0205; })
EDIT(debug_and_svn, { s->module_type = SEAM_SIGSTRUCT_DEBUG_SIGNED; s->seamsvn = 0x0205; })
EDIT(svn_and_cpu, { s->seamsvn = 0x0205; s->cpuid_table[1] = 0xa06d0; })
EDIT(offset_and_cpu, { s->gdt_idt_offset = FIXTURE_MODULE_PAGES * PAGE_SIZE;
		       s->fault_wrapper_offset = 16; s->cpuid_table[1] = 0xa06d0; })
EDIT(cpu_and_memory, { s->cpuid_table[1] = 0xa06d0; s->num_global_data_pages = 0xffff; })
EDIT(memory_and_handoff, { s->num_global_data_pages = 0xffff;
			   s->min_update_hv = s->module_hv = 1; })
EDIT(handoff_and_hash, { s->min_update_hv = s->module_hv = 1; s->seamhash[0] ^= 1; })
/* clang-format on */

/* clang-format off */
#define BAD(field, name) { name, SEAMLDR_EBAD##field, RECOVERABLE

static const struct test_case cases[] = {
	{ "an update",				0, 0, nothing, NULL },
	{ "an update with the highest shared KeyID", 0, 0, NULL, params_shared_keyid },
	BAD(PARAM, "PARAMS unaligned"),			NULL, params_unaligned },
	BAD(PARAM, "PARAMS at the start of the SEAM range"), NULL, params_in_seamrr },
	BAD(PARAM, "PARAMS at the end of the SEAM range"), NULL, params_in_seamrr_end },
	BAD(PARAM, "PARAMS outside of memory"),		NULL, params_not_memory },
	BAD(PARAM, "PARAMS with a private KeyID"),	NULL, params_private },
	BAD(PARAM, "PARAMS above MAXPHYADDR"),		NULL, params_above_maxpa },
	BAD(PARAM, "PARAMS.VERSION"),			NULL, params_version },
	BAD(PARAM, "PARAMS.RESERVED"),			NULL, params_reserved },
	BAD(PARAM, "PARAMS.SCENARIO"),			NULL, params_scenario },
	BAD(PARAM, "no pages"),				NULL, no_pages },
	BAD(PARAM, "too many pages"),			NULL, too_many_pages },
	BAD(PARAM, "page unaligned"),			NULL, page_unaligned },
	BAD(PARAM, "page in the SEAM range"),		NULL, page_in_seamrr },
	BAD(PARAM, "page with a private KeyID"),	NULL, page_private },
	BAD(PARAM, "SEAM_SIGSTRUCT unaligned"),		NULL, sigstruct_unaligned },
	BAD(PARAM, "SEAM_SIGSTRUCT in the SEAM range"),	NULL, sigstruct_in_seamrr },

	BAD(SIG, "HEADER_TYPE"),	header_type, NULL },
	BAD(SIG, "HEADER_LENGTH"),	header_length, NULL },
	BAD(SIG, "HEADER_VERSION"),	header_version, NULL },
	BAD(SIG, "MODULE_TYPE"),	module_type, NULL },
	BAD(SIG, "VENDOR"),		vendor, NULL },
	BAD(SIG, "SIZE"),		size, NULL },
	BAD(SIG, "KEY_SIZE"),		key_size, NULL },
	BAD(SIG, "MODULUS_SIZE"),	modulus_size, NULL },
	BAD(SIG, "EXPONENT_SIZE"),	exponent_size, NULL },
	BAD(SIG, "EXPONENT"),		exponent, NULL },
	BAD(SIG, "ATTRIBUTES"),		attributes, NULL },
	BAD(SIG, "first reserved field"), reserved1, NULL },
	BAD(SIG, "second reserved field"), reserved2, NULL },
	BAD(SIG, "third reserved field"), reserved3, NULL },
	{ "the version, as 2.0.08 has it", 0, 0, version, NULL },
	{ "what else 2.0.04 has there", 0, 0, reserved4, NULL },
	BAD(SIG, "CPUID_TABLE_SIZE"),	cpuid_table_size, NULL },
	BAD(SIG, "MIN_UPDATE_HV above MODULE_HV"), handoff_range, NULL },
	BAD(SIG, "GDT_IDT_OFFSET unaligned"), gdt_unaligned, NULL },
	BAD(SIG, "GDT_IDT_OFFSET alone"), gdt_alone, NULL },
	BAD(SIG, "FAULT_WRAPPER_OFFSET alone"), wrapper_alone, NULL },
	BAD(SIG, "signed for debugging"), debug_signed, NULL },

	{ "major SVN 0",	SEAMLDR_EUNSUPPORTED, RECOVERABLE, major_zero, NULL },
	{ "major SVN differs",	SEAMLDR_EUNSUPPORTED, RECOVERABLE, major_higher, NULL },
	BAD(SIG, "minor SVN is lower"),	minor_lower, NULL },
	{ "minor SVN is higher", 0, 0, minor_higher, NULL },
	BAD(SIG, "GDT behind the image"), gdt_outside, NULL },
	{ "GDT in the image's last page", 0, 0, gdt_last_page, NULL },
	BAD(SIG, "fault wrapper behind the image"), wrapper_outside, NULL },
	{ "CPU not in table",	SEAMLDR_EUNSUPCPU, RECOVERABLE, other_cpus, NULL },
	{ "CPU behind the table", SEAMLDR_EUNSUPCPU, RECOVERABLE, cpu_behind_table, NULL },
	BAD(SIG, "no table of CPUs"),	no_cpus, NULL },
	{ "too much global data", SEAMLDR_ENOMEM, RECOVERABLE, too_much_data, NULL },
	{ "too much handoff data", SEAMLDR_ENOMEM, RECOVERABLE, too_much_handoff, NULL },
	{ "too much for each LP", SEAMLDR_ENOMEM, RECOVERABLE, too_much_stack, NULL },
	BAD(HANDOFF, "handoff data too old"), handoff_too_new, NULL },
	{ "handoff data of an older version", 0, 0, takes_old_handoff, NULL },

	BAD(SIG, "bit flipped in the signature"), NULL, flip_signature },
	BAD(SIG, "bit flipped in the modulus"), NULL, flip_modulus },
	BAD(SIG, "bit flipped before the modulus"), NULL, flip_signed_start },
	BAD(SIG, "bit flipped in the last signed field"), NULL, flip_signed_end },
	BAD(SIG, "bit flipped in SEAMHASH"), NULL, flip_seamhash },
	{ "first bit of the module", SEAMLDR_EBADHASH, UNRECOVERABLE, NULL, flip_module_start },
	{ "last byte of the module", SEAMLDR_EBADHASH, UNRECOVERABLE, NULL, flip_module_end },
	{ "pages swapped",	SEAMLDR_EBADHASH, UNRECOVERABLE, NULL, swap_pages },

	BAD(PARAM, "PARAMS before SEAM_SIGSTRUCT"), bad_params_and_sigstruct, NULL },
	BAD(SIG, "key before SVN"), NULL, wrong_key_and_svn },
	BAD(SIG, "debug before SVN"), debug_and_svn, NULL },
	{ "SVN before CPU", SEAMLDR_EUNSUPPORTED, RECOVERABLE, svn_and_cpu, NULL },
	BAD(SIG, "offsets before CPU"), offset_and_cpu, NULL },
	{ "SVN before signature", SEAMLDR_EUNSUPPORTED, RECOVERABLE, NULL, major_higher },
	{ "CPU before signature", SEAMLDR_EUNSUPCPU, RECOVERABLE, NULL, other_cpus },
	{ "CPU before memory", SEAMLDR_EUNSUPCPU, RECOVERABLE, cpu_and_memory, NULL },
	BAD(SIG, "signature before memory"), NULL, too_much_data },
	{ "memory before handoff", SEAMLDR_ENOMEM, RECOVERABLE, memory_and_handoff, NULL },
	BAD(HANDOFF, "handoff before hash"), handoff_and_hash, NULL },
};
/* clang-format on */

static bool update_succeeds(void)
{
	struct image image = fixture_image(9);
	struct result result = fixture_install(image.params_pa);

	return !result.vmfail && !result.rax && seamldr_module_ready(&ldr);
}

static void run(const struct test_case *test)
{
	struct seam_extend before;
	struct image image;
	struct result result;

	fixture_start_ready_for_update();
	before = ldr.extend;
	image = fixture_image(2);
	if (test->edit) {
		test->edit(&image);
		fixture_sign(&image);
	}
	if (test->damage)
		test->damage(&image);

	result = fixture_install(image.params_pa);
	tap_ok(!result.vmfail, "%s: is no VMfailInvalid", test->name);
	tap_is(result.rax, test->status, "%s: status", test->name);
	tap_is(result.rdx, test->rdx, "%s: RDX", test->name);

	if (test->status && test->rdx == RECOVERABLE) {
		tap_ok(seamldr_module_ready(&ldr) && !memcmp(&before, &ldr.extend, sizeof(before)),
		       "%s: the old module is still there", test->name);
		tap_is(ldr.num_remaining_updates, SEAMLDR_UPDATE_CAPACITY - 1,
		       "%s: the update log is as it was", test->name);
		tap_ok(update_succeeds(), "%s: an update succeeds afterwards", test->name);
	} else if (test->status) {
		struct seam_extend zero = {};

		tap_ok(!seamldr_module_ready(&ldr) && !memcmp(&zero, &ldr.extend, sizeof(zero)),
		       "%s: there is no module", test->name);
		tap_ok(!update_succeeds(), "%s: no update succeeds afterwards", test->name);
	} else {
		tap_ok(seamldr_module_ready(&ldr), "%s: the module can be called", test->name);
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(&cases[i]);
	return tap_finish();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the preflight of TDX module updates
 */
#include <kunit/test.h>

#include <linux/array_size.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <crypto/sha2.h>

#include "tdx_preflight.h"

struct preflight {
	struct tdx_preflight_facts	facts;
	struct tdx_sigstruct		sigstruct;
};

/* Only a power of two is aligned to its size, and struct seamldr_info wants that. */
static struct preflight *alloc_preflight(struct kunit *test)
{
	struct preflight *preflight;

	preflight = kunit_kzalloc(test, roundup_pow_of_two(sizeof(*preflight)), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, preflight);

	return preflight;
}

/* A host and an image that fits it. */
static void make_preflight(struct preflight *preflight)
{
	*preflight = (struct preflight) {
		.facts = {
			.td_preserving		= true,
			.module_hv		= 1,
			.seamldr = {
				.num_remaining_updates	= 1,
				.seam_ready		= 1,
				.p_seam_ready		= 1,
			},
		},
		.sigstruct = {
			.minor_svn		= 5,
			.major_svn		= 1,
			.min_update_hv		= 1,
			.module_hv		= 1,
		},
	};

	put_unaligned_le64(0x1ff, &preflight->facts.seamldr.seam_info[0]);
	preflight->facts.seamldr.seam_info[8] = 5;
	preflight->facts.seamldr.seam_info[9] = 1;
}

struct preflight_case {
	const char	*name;
	void		(*change)(struct preflight *preflight);
	int		error;
	const char	*reason;
	/* What the message must name, if anything. */
	const char	*names;
};

static void nothing(struct preflight *preflight)
{
}

static void erratum(struct preflight *preflight)
{
	preflight->facts.seamret_clobbers_vmcs = true;
}

static void no_td_preserving(struct preflight *preflight)
{
	preflight->facts.td_preserving = false;
}

static void seamldr_not_ready(struct preflight *preflight)
{
	preflight->facts.seamldr.p_seam_ready = 0;
}

static void module_lost(struct preflight *preflight)
{
	memset(preflight->facts.seamldr.seam_info, 0, 128);
	preflight->facts.seamldr.seam_ready = 0;
}

static void module_lost_repair(struct preflight *preflight)
{
	module_lost(preflight);
	preflight->facts.repair = true;
}

static void svn_not_valid(struct preflight *preflight)
{
	put_unaligned_le64(0x1fd, &preflight->facts.seamldr.seam_info[0]);
}

static void module_not_ready(struct preflight *preflight)
{
	preflight->facts.seamldr.seam_ready = 0;
}

static void module_not_ready_repair(struct preflight *preflight)
{
	module_not_ready(preflight);
	preflight->facts.repair = true;
}

static void log_full(struct preflight *preflight)
{
	preflight->facts.seamldr.num_remaining_updates = 0;
}

static void one_offline(struct preflight *preflight)
{
	preflight->facts.nr_offline_cpus = 1;
	preflight->facts.first_offline_cpu = 2;
}

static void many_offline(struct preflight *preflight)
{
	preflight->facts.nr_offline_cpus = UINT_MAX;
	preflight->facts.first_offline_cpu = UINT_MAX;
}

/* For P-SEAMLDR to judge. */
static void debug_signed(struct preflight *preflight)
{
	preflight->sigstruct.module_type = TDX_SIGSTRUCT_DEBUG_SIGNED;
}

static void svn_below(struct preflight *preflight)
{
	preflight->sigstruct.minor_svn = 0;
	preflight->sigstruct.major_svn = 0;
}

static void handoff_widest(struct preflight *preflight)
{
	preflight->sigstruct.min_update_hv = 0;
	preflight->sigstruct.module_hv = 0xffff;
	preflight->facts.module_hv = 0xffff;
}

static void handoff_too_old(struct preflight *preflight)
{
	preflight->sigstruct.min_update_hv = 2;
	preflight->sigstruct.module_hv = 2;
}

static void handoff_too_new(struct preflight *preflight)
{
	preflight->facts.module_hv = 2;
}

static const struct preflight_case preflight_cases[] = {
	{ "good",			nothing },
	{ "erratum",			erratum,		-EOPNOTSUPP, "cpu-erratum" },
	{ "no TD-preserving",		no_td_preserving,	-EOPNOTSUPP, "no-td-preserving" },
	{ "P-SEAMLDR not ready",	seamldr_not_ready,	-EIO, "seamldr-not-ready" },
	{ "module lost",		module_lost,		-EIO, "module-lost" },
	{ "module lost in repair",	module_lost_repair,	-EIO, "module-lost" },
	{ "SVN not valid",		svn_not_valid,		-EIO, "module-lost" },
	{ "module not ready",		module_not_ready,	-EIO, "module-not-ready" },
	{ "not ready in repair",	module_not_ready_repair },
	{ "log full",			log_full,		-ENOSPC, "update-log-full" },
	{ "CPU offline",		one_offline,		-EBUSY, "cpu-offline", "CPU 2" },
	{ "many CPUs offline",		many_offline,		-EBUSY, "cpu-offline" },
	{ "debug-signed",		debug_signed },
	{ "SVN below",			svn_below },
	{ "handoff widest",		handoff_widest },
	{ "handoff too old",		handoff_too_old,	-EINVAL, "handoff-range" },
	{ "handoff too new",		handoff_too_new,	-EINVAL, "handoff-range",
	  "gives 2" },
};

KUNIT_ARRAY_PARAM_DESC(preflight, preflight_cases, name);

static void check_test(struct kunit *test)
{
	const struct preflight_case *param = test->param_value;
	struct tdx_refusal refusal = {};
	struct preflight *preflight;
	struct tdx_image image;

	preflight = alloc_preflight(test);

	make_preflight(preflight);
	param->change(preflight);
	image.sigstruct = &preflight->sigstruct;

	KUNIT_ASSERT_EQ(test, param->error,
			tdx_preflight_check(&preflight->facts, &image, &refusal));

	if (!param->error) {
		KUNIT_EXPECT_NULL(test, refusal.reason);
		return;
	}

	KUNIT_EXPECT_STREQ(test, refusal.reason, param->reason);
	KUNIT_EXPECT_NULL(test, strchr(refusal.message, '\n'));

	/* A message that fills its buffer has lost its end. */
	KUNIT_EXPECT_LT_MSG(test, strlen(refusal.message), sizeof(refusal.message) - 1,
			    "%s", refusal.message);

	if (param->names)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(refusal.message, param->names),
					  "%s", refusal.message);
}

/* The longest that each message can get with numbers that make sense. */
static void message_length_test(struct kunit *test)
{
	struct tdx_refusal refusal = {};
	struct preflight *preflight;
	struct tdx_image image;

	preflight = alloc_preflight(test);
	image.sigstruct = &preflight->sigstruct;

	make_preflight(preflight);
	preflight->sigstruct.min_update_hv = 65533;
	preflight->sigstruct.module_hv = 65534;
	preflight->facts.module_hv = 65535;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			tdx_preflight_check(&preflight->facts, &image, &refusal));
	KUNIT_EXPECT_LT(test, strlen(refusal.message), sizeof(refusal.message) - 1);
}

/* Why P-SEAMLDR did not like the SIGSTRUCT, where that can be told. */
static void explain_signature_test(struct kunit *test)
{
	struct tdx_refusal refusal = {};
	struct preflight *preflight;
	struct tdx_image image;

	preflight = alloc_preflight(test);
	image.sigstruct = &preflight->sigstruct;

	make_preflight(preflight);
	KUNIT_EXPECT_FALSE(test, tdx_preflight_explain_signature(&preflight->facts.seamldr,
								 &image, &refusal));
	KUNIT_EXPECT_NULL(test, refusal.reason);

	preflight->sigstruct.minor_svn = 4;
	KUNIT_EXPECT_TRUE(test, tdx_preflight_explain_signature(&preflight->facts.seamldr,
								&image, &refusal));
	KUNIT_EXPECT_STREQ(test, refusal.reason, "svn-downgrade");
	KUNIT_EXPECT_NOT_NULL(test, strstr(refusal.message, "1.4"));

	debug_signed(preflight);
	KUNIT_EXPECT_TRUE(test, tdx_preflight_explain_signature(&preflight->facts.seamldr,
								&image, &refusal));
	KUNIT_EXPECT_STREQ(test, refusal.reason, "debug-signed");

	/* The host was unlocked for those. */
	preflight->facts.seamldr.seam_debug = 1;
	preflight->sigstruct.minor_svn = 5;
	KUNIT_EXPECT_FALSE(test, tdx_preflight_explain_signature(&preflight->facts.seamldr,
								 &image, &refusal));
}

/* The parser has a test of its own: this is about how its word gets through. */
static void image_test(struct kunit *test)
{
	u32 size = 3 * TDX_IMAGE_PAGE_SIZE;
	struct tdx_refusal refusal = {};
	struct tdx_image_header *header;
	struct tdx_sigstruct *sigstruct;
	struct tdx_image image;
	u8 *file;

	file = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, file);

	header = (struct tdx_image_header *)file;
	header->version = TDX_IMAGE_VERSION;
	memcpy(header->signature, TDX_IMAGE_SIGNATURE, sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = 1;

	KUNIT_EXPECT_EQ(test, tdx_preflight_image(file, 0, &image, &refusal), -EINVAL);
	KUNIT_EXPECT_STREQ(test, refusal.reason, "truncated-header");
	KUNIT_EXPECT_STREQ(test, refusal.message,
			   tdx_image_defect_text(TDX_IMAGE_TRUNCATED_HEADER));

	sigstruct = (struct tdx_sigstruct *)(file + TDX_IMAGE_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tdx_preflight_image(file, size, &image, &refusal), -EINVAL);
	KUNIT_EXPECT_STREQ(test, refusal.reason, "bad-hash");
	KUNIT_EXPECT_STREQ(test, refusal.message, tdx_image_defect_text(TDX_IMAGE_BAD_HASH));

	sha384(file + 2 * TDX_IMAGE_PAGE_SIZE, TDX_IMAGE_PAGE_SIZE, sigstruct->seamhash);
	KUNIT_EXPECT_EQ(test, tdx_preflight_image(file, size, &image, &refusal), 0);
	KUNIT_EXPECT_PTR_EQ(test, image.sigstruct, (const struct tdx_sigstruct *)sigstruct);
}

static void defect_texts_fit_test(struct kunit *test)
{
	enum tdx_image_defect defect;

	for (defect = TDX_IMAGE_GOOD; defect < TDX_IMAGE_NR_DEFECTS; defect++) {
		const char *text = tdx_image_defect_text(defect);

		KUNIT_EXPECT_LT_MSG(test, strlen(text),
				    sizeof_field(struct tdx_refusal, message) - 1, "%s", text);
	}
}

static struct kunit_case tdx_preflight_cases[] = {
	KUNIT_CASE_PARAM(check_test, preflight_gen_params),
	KUNIT_CASE(message_length_test),
	KUNIT_CASE(explain_signature_test),
	KUNIT_CASE(image_test),
	KUNIT_CASE(defect_texts_fit_test),
	{}
};

static struct kunit_suite tdx_preflight_suite = {
	.name		= "tdx_preflight",
	.test_cases	= tdx_preflight_cases,
};

kunit_test_suite(tdx_preflight_suite);

MODULE_DESCRIPTION("KUnit test of the preflight of TDX module updates");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SHA-384 context of a TD that is being built is kept in its TDCS between
 * calls, and so it crosses updates. Its layout belongs to the cryptography that a
 * version of the module was built with, and nothing in it tells the layout: a
 * version that reads another's goes on from garbage. Real modules share this trap;
 * it is here on purpose.
 */
#include "mrtd.h"

#define MRTD_CONTEXT_VERSION 1
#define MRTD_BLOCK_SIZE	     128
#define MRTD_BLOCK_GPA	     16

#if MODULE_MRTD_LAYOUT == 1

struct packed_context {
	u64 h[8];
	u64 length;
	u8 buffer[SHA384_BLOCK_SIZE];
};

#elif MODULE_MRTD_LAYOUT == 2

struct packed_context {
	u64 length;
	u8 buffer[SHA384_BLOCK_SIZE];
	u64 h[8];
};

#elif MODULE_MRTD_LAYOUT == 3

struct packed_context {
	u8 buffer[SHA384_BLOCK_SIZE];
	u64 length;
	u64 reserved;
	u64 h[8];
};

#else
#error "MODULE_MRTD_LAYOUT: no such layout"
#endif

_Static_assert(sizeof(struct packed_context) <= MRTD_CONTEXT_SIZE, "MRTD context");

static void pack(struct td_measurement *measurement, const struct sha384 *context)
{
	struct packed_context packed = { .length = context->length };

	__builtin_memcpy(packed.h, context->h, sizeof(packed.h));
	__builtin_memcpy(packed.buffer, context->buffer, sizeof(packed.buffer));
	__builtin_memset(measurement->mrtd_context, 0, sizeof(measurement->mrtd_context));
	__builtin_memcpy(measurement->mrtd_context, &packed, sizeof(packed));
}

static void unpack(const struct td_measurement *measurement, struct sha384 *context)
{
	struct packed_context packed;

	__builtin_memcpy(&packed, measurement->mrtd_context, sizeof(packed));
	context->length = packed.length;
	__builtin_memcpy(context->h, packed.h, sizeof(context->h));
	__builtin_memcpy(context->buffer, packed.buffer, sizeof(context->buffer));
}

void mrtd_start(struct call *call, struct td *td)
{
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	struct sha384 context;

	sha384_init(&context);
	pack(measurement, &context);
	if (MODULE_HAS_UPDATE_COMPATIBILITY) {
		measurement->mrtd_context_version = MRTD_CONTEXT_VERSION;
		__atomic_fetch_add(&call->module->td_build_count, 1, __ATOMIC_SEQ_CST);
	}
}

static void hash_block(struct sha384 *context, const char *name, size_t length, u64 gpa)
{
	u8 block[MRTD_BLOCK_SIZE] = { 0 };

	__builtin_memcpy(block, name, length);
	__builtin_memcpy(block + MRTD_BLOCK_GPA, &gpa, sizeof(gpa));
	sha384_update(context, block, sizeof(block));
}

void mrtd_page_add(struct call *call, struct td *td, u64 gpa)
{
	static const char name[] = "MEM.PAGE.ADD";
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	struct sha384 context;

	unpack(measurement, &context);
	hash_block(&context, name, sizeof(name) - 1, gpa);
	pack(measurement, &context);
}

void mrtd_extend(struct call *call, struct td *td, u64 gpa, const void *chunk)
{
	static const char name[] = "MR.EXTEND";
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	struct sha384 context;

	unpack(measurement, &context);
	hash_block(&context, name, sizeof(name) - 1, gpa);
	sha384_update(&context, chunk, MR_EXTEND_SIZE);
	pack(measurement, &context);
}

void mrtd_finish(struct call *call, struct td *td)
{
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	struct sha384 context;

	unpack(measurement, &context);
	sha384_final(&context, measurement->mrtd);
	td_build_end(call, td);
}

u64 mrtd_check_context(const struct call *call, const struct td *td)
{
	const struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);

	if (call->module->update_compatibility &&
	    measurement->mrtd_context_version != MRTD_CONTEXT_VERSION)
		return TDX_INCOMPATIBLE_MRTD_CONTEXT;
	return TDX_SUCCESS;
}

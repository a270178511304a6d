// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves that take effect when every LP has called them: who has called, and
 * SEAMLDR.SHUTDOWN and SEAMLDR.CLEANUP.
 */
#include "internal.h"

void seamldr_end_session(struct seamldr *ldr)
{
	__builtin_memset(ldr->called, 0, sizeof(ldr->called));
	ldr->num_called = 0;
	__atomic_store_n(&ldr->flow, SEAMLDR_FLOW_READY, __ATOMIC_RELEASE);
}

u64 seamldr_shutdown(struct seamldr *ldr, const struct seam_cpu *cpu)
{
	if (cpu->lp >= SEAM_MAX_LPS)
		return SEAMLDR_EUNSPECERR;
	if (ldr->flow != SEAMLDR_FLOW_READY && ldr->flow != SEAMLDR_FLOW_SHUTDOWN)
		return SEAMLDR_EBADCALL;
	if (ldr->dirty)
		return SEAMLDR_ECLEANUPREQ;

	/* An LP may call again: the last call has to be the ACM LP's. */
	if (!ldr->called[cpu->lp]) {
		ldr->called[cpu->lp] = true;
		ldr->num_called++;
	}

	seamldr_set_ready(ldr, false);
	ldr->flow = SEAMLDR_FLOW_SHUTDOWN;

	if (ldr->num_called < ldr->platform->num_lps)
		return SEAMLDR_SUCCESS;
	if (cpu->x2apic_id != ldr->platform->acm_x2apic_id)
		return SEAMLDR_EBADCALL;

	__builtin_memset(&ldr->extend, 0, sizeof(ldr->extend));
	ldr->shut_down = true;
	return SEAMLDR_SUCCESS;
}

u64 seamldr_cleanup(struct seamldr *ldr, const struct seam_cpu *cpu)
{
	if (cpu->lp >= SEAM_MAX_LPS)
		return SEAMLDR_EUNSPECERR;
	if (ldr->flow != SEAMLDR_FLOW_READY && ldr->flow != SEAMLDR_FLOW_CLEANUP)
		return SEAMLDR_EBADCALL;
	if (ldr->called[cpu->lp])
		return SEAMLDR_EBADCALL;
	if (!ldr->range_initialized)
		return SEAMLDR_EBADCALL;

	if (ldr->flow == SEAMLDR_FLOW_READY) {
		ldr->flow = SEAMLDR_FLOW_CLEANUP;
		seamldr_set_ready(ldr, false);
		__builtin_memset(ldr->extend.tee_tcb_svn, 0, sizeof(ldr->extend.tee_tcb_svn));
		seamldr_handoff(ldr)->valid = false;
	}

	ldr->called[cpu->lp] = true;
	if (++ldr->num_called < ldr->platform->num_lps)
		return SEAMLDR_SUCCESS;

	ldr->dirty = false;
	__builtin_memset(&ldr->extend, 0, sizeof(ldr->extend));
	ldr->num_remaining_updates = ldr->update_capacity;
	seamldr_end_session(ldr);
	return SEAMLDR_SUCCESS;
}

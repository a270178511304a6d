/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdx_update

#if !defined(_TRACE_TDX_UPDATE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_TDX_UPDATE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

#include <vdso/time64.h>

TRACE_EVENT(tdx_update_block_wait,
	    TP_PROTO(pid_t tgid),
	    TP_ARGS(tgid),

	    TP_STRUCT__entry(__field(pid_t, tgid)),

	    TP_fast_assign(__entry->tgid = tgid;),

	    TP_printk("tgid=%d", __entry->tgid));

TRACE_EVENT(tdx_update_block_begin,
	    TP_PROTO(pid_t tgid, u64 waited_ns),
	    TP_ARGS(tgid, waited_ns),

	    TP_STRUCT__entry(__field(pid_t, tgid)
			     __field(u64, waited_us)),

	    TP_fast_assign(__entry->tgid = tgid;
			   __entry->waited_us = waited_ns / NSEC_PER_USEC;),

	    TP_printk("tgid=%d waited_us=%llu", __entry->tgid, __entry->waited_us));

TRACE_EVENT(tdx_update_block_end,
	    TP_PROTO(pid_t tgid, u64 held_ns),
	    TP_ARGS(tgid, held_ns),

	    TP_STRUCT__entry(__field(pid_t, tgid)
			     __field(u64, held_us)),

	    TP_fast_assign(__entry->tgid = tgid;
			   __entry->held_us = held_ns / NSEC_PER_USEC;),

	    TP_printk("tgid=%d held_us=%llu", __entry->tgid, __entry->held_us));

TRACE_EVENT(tdx_update_phase,
	    TP_PROTO(const char *phase),
	    TP_ARGS(phase),

	    TP_STRUCT__entry(__string(phase, phase)),

	    TP_fast_assign(__assign_str(phase);),

	    TP_printk("phase=%s", __get_str(phase)));

TRACE_EVENT(tdx_update_phase_end,
	    TP_PROTO(const char *phase, int error),
	    TP_ARGS(phase, error),

	    TP_STRUCT__entry(__string(phase, phase)
			     __field(int, error)),

	    TP_fast_assign(__assign_str(phase);
			   __entry->error = error;),

	    TP_printk("phase=%s error=%d", __get_str(phase), __entry->error));

TRACE_EVENT(tdx_update_done,
	    TP_PROTO(const char *result, u64 status, u64 duration_us, u64 stop_us),
	    TP_ARGS(result, status, duration_us, stop_us),

	    TP_STRUCT__entry(__string(result, result)
			     __field(u64, status)
			     __field(u64, duration_us)
			     __field(u64, stop_us)),

	    TP_fast_assign(__assign_str(result);
			   __entry->status = status;
			   __entry->duration_us = duration_us;
			   __entry->stop_us = stop_us;),

	    TP_printk("result=%s status=0x%016llx duration_us=%llu stop_us=%llu",
		      __get_str(result), __entry->status, __entry->duration_us,
		      __entry->stop_us));

#endif /* _TRACE_TDX_UPDATE_H */

#include <trace/define_trace.h>

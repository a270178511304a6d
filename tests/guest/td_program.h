/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TD's program and the VMM that runs it agree on.
 *
 * The program is loaded at the top of the first 4 GiB, where a TD starts. It says
 * what it has to say by TDVMCALL port output, four bytes at a time: that needs no
 * shared memory and no driver on either side.
 */
#ifndef TESTS_GUEST_TD_PROGRAM_H
#define TESTS_GUEST_TD_PROGRAM_H

#define TD_PAGE_SIZE	 0x1000
#define TD_PROGRAM_GPA	 0xffffb000
#define TD_PROGRAM_PAGES 5
#define TD_MAX_VCPUS	 4
#define TD_LATE_GPA	 0x40000000

/* What the VMM passes as the initial RCX of a virtual CPU. */
#define TD_MODE_PROBE  0 /* tell the measurement, then end */
#define TD_MODE_CHAIN  1 /* count and hash for ever */
#define TD_MODE_ACCEPT 2 /* accept as many pages as steps, its own, then end */
#define TD_MODE_HALT \
	3		 /* as TD_MODE_CHAIN, and halt, again and again, with an
					   interrupt pending */
#define TD_MODE_OBEY   4 /* do what the VMM orders, for ever */
#define TD_MODE_MASK   0xff
#define TD_STEPS_SHIFT 8 /* steps of the chain between two reports */

/* Ports that the program writes to. */
#define TD_PORT_MRTD	   0x510 /* the twelve words of the MRTD, in order */
#define TD_PORT_COUNT_LOW  0x511
#define TD_PORT_COUNT_HIGH 0x512
#define TD_PORT_HASH_LOW   0x513
#define TD_PORT_HASH_HIGH  0x514 /* written last: the report is complete */
#define TD_PORT_DONE	   0x515
#define TD_PORT_FAILED	   0x516 /* what a TDCALL returned, high half */
#define TD_PORT_ORDER	   0x517 /* is read from: TD_ORDER_... and a page */

/* An order to a virtual CPU, for the nth page from TD_LATE_GPA on; it answers with DONE. */
#define TD_ORDER_ACCEPT	   1 /* 0, or what TDG.MEM.PAGE.ACCEPT returned, high half */
#define TD_ORDER_ACCEPT_2M 2 /* the same: 2 MiB first, then the page */
#define TD_ORDER_FILL	   3 /* 0 */
#define TD_ORDER_CHECK	   4 /* how many words are not as they were filled */
#define TD_ORDER_ZERO	   5 /* how many words are not 0, as accepted */
#define TD_ORDER_TOUCH	   6 /* 0: reads a word, and faults until it can */
#define TD_ORDER_SHIFT	   24
#define TD_ORDER_PAGE	   0xffffff

#ifndef __ASSEMBLER__

/*
 * One step of the chain: a mix of the hash so far and the count (splitmix64's
 * finalizer). A step that was lost, repeated or computed with a wrong register
 * changes every value after it.
 */
static inline unsigned long td_chain_step(unsigned long hash, unsigned long count)
{
	hash += 0x9e3779b97f4a7c15 ^ count;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

/* Where the chain of a virtual CPU starts. */
static inline unsigned long td_chain_seed(unsigned int vcpu)
{
	return 0x5444582d63686169 + vcpu;
}

#endif
#endif

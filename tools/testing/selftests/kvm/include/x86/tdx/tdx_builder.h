/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that builds TDs, one step at a time, as it is told to.
 */
#ifndef SELFTEST_KVM_TDX_BUILDER_H
#define SELFTEST_KVM_TDX_BUILDER_H

#include <stdbool.h>
#include <sys/types.h>

/* A builder has this many TDs. */
#define TDX_BUILDER_NR_TDS	2

/* What a builder can be asked to do with one of its TDs. */
enum builder_op {
	BUILD_CREATE,		/* the VM; the others do it if need be */
	BUILD_BEGIN,		/* KVM_TDX_INIT_VM */
	BUILD_BEGIN_THREADS,	/* the same in many threads; returns how many succeeded */
	BUILD_BEGIN_INVALID,	/* the same, with a CPUID that the module refuses */
	BUILD_ADD,		/* a vCPU, and half of the memory */
	BUILD_ADD_REST,
	BUILD_FINALIZE,		/* KVM_TDX_FINALIZE_VM */
	BUILD_FINALIZE_ONCE,	/* the same, without a retry if busy */
	BUILD_FINALIZE_THREAD,	/* the same, in another thread */
	BUILD_FINALIZE_CLONE,	/* the same, in another process with the same memory */
	BUILD_FINALIZE_FORK,	/* the same, in another process with a copy of the memory */
	BUILD_LEND,		/* let a process inherit the VM; returns its pid */
	BUILD_SEND_VM,		/* the VM's file descriptor, see sent_fd */
	BUILD_SEND_MEMORY,	/* that of its guest_memfd */
	BUILD_CHECK,		/* run the TD, compare its MRTD */
	BUILD_CLOSE,
};

struct builder {
	pid_t pid;
	int fd;

	/* What it has sent last; it belongs to whoever asked for it. */
	int sent_fd;
};

void builder_start(struct builder *builder);
void builder_kill(struct builder *builder);

/* Ask for a step of TD number @td, and wait for the answer. */
int builder_do_td(struct builder *builder, enum builder_op op, int td);

static inline int builder_do(struct builder *builder, enum builder_op op)
{
	return builder_do_td(builder, op, 0);
}

/*
 * The same in two halves.  The answer is what the step returned, a negative
 * errno if it failed, or 1 if it failed without one.
 */
void builder_ask(struct builder *builder, enum builder_op op, int td);
int builder_answer(struct builder *builder);

#endif /* SELFTEST_KVM_TDX_BUILDER_H */

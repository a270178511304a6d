/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests in which updates of the TDX module meet TD builds: a fixture, and
 * steps that more than one test takes.
 */
#ifndef SELFTEST_KVM_TDX_UPDATE_FIXTURE_H
#define SELFTEST_KVM_TDX_UPDATE_FIXTURE_H

#include <signal.h>

#include "kvm_util.h"
#include "kselftest_harness.h"
#include "tdx/tdx_util.h"
#include "tdx/tdx_builder.h"
#include "tdx/tdx_update.h"

/* A wait that hangs ends before the test does. */
#define TEST_TIMEOUT_S		1800

/* No test waits until an update gives up, unless it says so. */
#define UPDATE_WAIT_MS		"3600000"

/* No test updates the module more often. */
#define MAX_UPDATES		6

struct update_fixture {
	/* Processes that build TDs, and one that holds such a TD. */
	struct builder builder, other;
	pid_t heir;

	/* Before the test: of the TDX module, and how long updates wait. */
	char version[TDX_UPDATE_VALUE_SIZE];
	char wait_ms[TDX_UPDATE_VALUE_SIZE];

	bool has_sync;
	int trace;
};

static inline void update_setup(struct __test_metadata *_metadata, struct update_fixture *f)
{
	f->trace = -1;

	if (tdx_updates_left() < MAX_UPDATES)
		SKIP(return, "no update is left: raise " TDX_UPDATES_ENV ", or reboot");

	f->has_sync = tdx_update_has_sync();

	/* A test that failed may have left an update behind. */
	tdx_update_cancel();
	tdx_update_wait_idle();

	if (f->has_sync) {
		snprintf(f->wait_ms, sizeof(f->wait_ms), "%s", tdx_host_read("update_wait_ms"));
		tdx_host_write("update_wait_ms", UPDATE_WAIT_MS);
		ASSERT_TRUE(tdx_host_wait_for("builds_in_flight", "0", TDX_UPDATE_TIMEOUT_MS));
		f->trace = tdx_update_trace_open();
	}

	snprintf(f->version, sizeof(f->version), "%s", tdx_host_read("version"));
	builder_start(&f->builder);
	builder_start(&f->other);
}

/* Whatever happened, no build is left over and the next update works. */
static inline void update_teardown(struct __test_metadata *_metadata, struct update_fixture *f)
{
	builder_kill(&f->builder);
	builder_kill(&f->other);
	if (f->heir)
		kill(f->heir, SIGKILL);

	tdx_update_wait_idle();
	if (f->has_sync) {
		tdx_host_write("update_wait_ms", f->wait_ms);
		EXPECT_TRUE(tdx_host_wait_for("builds_in_flight", "0", TDX_UPDATE_TIMEOUT_MS));
	}
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));

	tdx_update_trace_close(f->trace);
}

/* For tests that look at who waits for what, on kernels that tell. */
FIXTURE(wait) {
	struct update_fixture f;
};

FIXTURE_SETUP(wait)
{
	if (!tdx_update_has_sync())
		SKIP(return, "kernel does not keep updates and TD builds apart");

	update_setup(_metadata, &self->f);
	if (!_metadata->exit_code && self->f.trace < 0)
		SKIP(return, "no tracepoints at /sys/kernel/tracing");
}

FIXTURE_TEARDOWN(wait)
{
	update_teardown(_metadata, &self->f);
}

/* What the trace has next, apart from what else there is. */
#define EXPECT_NEXT(event, fmt, args...)						\
do {											\
	const char *__event = event;							\
	char __field[32];								\
											\
	snprintf(__field, sizeof(__field), fmt, ##args);				\
	EXPECT_TRUE(tdx_update_trace_wait(self->f.trace, __event, __field, 0)) {	\
		TH_LOG("no %s with %s at this point of the trace", __event, __field);	\
	}										\
} while (0)

/* Begin a build, and an update that meets it. */
#define BEGIN_BUILD_AND_UPDATE()							\
do {											\
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));			\
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));				\
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));		\
	if (self->f.has_sync)								\
		EXPECT_UPDATE_WAITS(1);							\
} while (0)

/* Not fatal: what matters is what becomes of the build that was not waited for. */
#define EXPECT_UPDATE_WAITS(nr_builds)							\
do {											\
	EXPECT_STREQ("waiting", tdx_host_read("update_state"));				\
	EXPECT_EQ(nr_builds, tdx_host_read_uint("builds_in_flight"));			\
} while (0)

/* The update succeeds, and did nothing before the build of process @tgid ended. */
#define EXPECT_UPDATE_FOLLOWS(tgid)							\
do {											\
	EXPECT_STREQ("", tdx_update_wait_idle());					\
	if (self->f.trace >= 0) {							\
		EXPECT_NEXT("tdx_update_block_end", "tgid=%d", tgid);			\
		EXPECT_NEXT("tdx_update_phase_end", "phase=drain");			\
	}										\
} while (0)

/* End the build and the update; @finalize is the step under test. */
#define END_BUILD_AND_UPDATE(finalize)							\
do {											\
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD_REST));			\
	ASSERT_EQ(0, builder_do(&self->f.builder, finalize));				\
	EXPECT_UPDATE_FOLLOWS(self->f.builder.pid);					\
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CHECK)) {			\
		TH_LOG("wrong MRTD: the TDX module was updated during the build");	\
	}										\
} while (0)

#define ASSERT_OTHER_IS_HELD_BACK()							\
do {											\
	char __tgid[32];								\
											\
	snprintf(__tgid, sizeof(__tgid), "tgid=%d", self->f.other.pid);			\
	ASSERT_TRUE(tdx_update_trace_wait(self->f.trace, "tdx_update_block_wait",	\
					  __tgid, TDX_UPDATE_TIMEOUT_MS));		\
} while (0)

/* Begin a build in another process, which is held back. */
#define BEGIN_OTHER_BUILD()								\
do {											\
	builder_ask(&self->f.other, BUILD_BEGIN, 0);					\
	ASSERT_OTHER_IS_HELD_BACK();							\
} while (0)

/* It goes on now, and was held back until the module was replaced. */
#define EXPECT_OTHER_BUILD_FOLLOWS()							\
do {											\
	ASSERT_EQ(0, builder_answer(&self->f.other));					\
	EXPECT_NEXT("tdx_update_phase", "phase=resume");				\
	EXPECT_NEXT("tdx_update_block_begin", "tgid=%d", self->f.other.pid);		\
} while (0)

#define FINISH_OTHER_BUILD()								\
do {											\
	ASSERT_EQ(0, builder_do(&self->f.other, BUILD_ADD));				\
	ASSERT_EQ(0, builder_do(&self->f.other, BUILD_ADD_REST));			\
	ASSERT_EQ(0, builder_do(&self->f.other, BUILD_FINALIZE));			\
	ASSERT_EQ(0, builder_do(&self->f.other, BUILD_CHECK)) {				\
		TH_LOG("wrong MRTD of a build that was held back");			\
	}										\
} while (0)

/* The harness has all options; what follows "--" are the images to update to. */
static inline int update_test_main(int argc, char *argv[])
{
	int i, nr_options;
	const char *why;

	for (nr_options = 1; nr_options < argc; nr_options++) {
		if (!strcmp(argv[nr_options], "--"))
			break;
		if (!strcmp(argv[nr_options], "-h"))
			fprintf(stderr, "Usage: %s [options] [-- IMAGE...]\n"
				TDX_UPDATE_IMAGES_HELP TDX_UPDATES_HELP "\n", argv[0]);
	}

	for (i = nr_options + 1; i < argc; i++)
		tdx_update_add_image(argv[i]);

	TEST_REQUIRE_TDX();
	__TEST_REQUIRE(tdx_update_allowed(&why), "%s", why);

	return test_harness_run(nr_options, argv);
}

#endif /* SELFTEST_KVM_TDX_UPDATE_FIXTURE_H */

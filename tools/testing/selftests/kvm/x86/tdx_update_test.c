// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of the TDX module beside TD builds.
 *
 * A TD that is built while the module is updated must still get the right
 * measurement (MRTD): the update waits for the build, and builds that begin
 * meanwhile wait for the update.  Waiting ends in every way that a build can
 * end, and is bounded.
 *
 * On a kernel that doesn't keep the two apart, tests that look at the MRTD only
 * fail, and the others are skipped.
 *
 * usage: tdx_update_test [options of the harness, see -h] [-- IMAGE...]
 */
#include <signal.h>

#include "kvm_util.h"
#include "kselftest_harness.h"
#include "processor.h"
#include "tdx.h"
#include "tdx_builder.h"
#include "tdx_update.h"

/* Enough for what waits for nothing, on a slow host too. */
#define AT_ONCE_MS	5000

/* No test updates the module more often. */
#define MAX_UPDATES	6

struct update_fixture {
	/* Processes that build TDs, and one that holds such a TD. */
	struct builder builder, other;
	pid_t heir;

	/* Of the TDX module, before the test. */
	char version[TDX_UPDATE_VALUE_SIZE];

	bool has_sync;
	int trace;
};

/* Tests that look at nothing but the MRTD. */
FIXTURE(mrtd) {
	struct update_fixture f;
};

/* Tests that look at who waits for what, on kernels that tell. */
FIXTURE(wait) {
	struct update_fixture f;
};

static void setup(struct __test_metadata *_metadata, struct update_fixture *f)
{
	f->trace = -1;

	if (tdx_host_read_uint("num_remaining_updates") < MAX_UPDATES)
		SKIP(return, "P-SEAMLDR accepts no more updates until the next reboot");

	f->has_sync = tdx_update_has_sync();

	/* A test that failed may have left an update behind. */
	tdx_update_cancel();
	tdx_update_wait_idle();

	if (f->has_sync) {
		tdx_host_write("update_wait_ms", "10000");
		ASSERT_TRUE(tdx_host_wait_for("builds_in_flight", "0", AT_ONCE_MS));
		f->trace = tdx_update_trace_open();
	}

	strcpy(f->version, tdx_host_read("version"));
	builder_start(&f->builder);
	builder_start(&f->other);
}

/* Whatever happened, no build is left over and the next update works. */
static void teardown(struct __test_metadata *_metadata, struct update_fixture *f)
{
	builder_kill(&f->builder);
	builder_kill(&f->other);
	if (f->heir)
		kill(f->heir, SIGKILL);

	tdx_update_wait_idle();
	if (f->has_sync) {
		tdx_host_write("update_wait_ms", "10000");
		EXPECT_TRUE(tdx_host_wait_for("builds_in_flight", "0", AT_ONCE_MS));
	}
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));

	tdx_update_trace_close(f->trace);
}

FIXTURE_SETUP(mrtd)
{
	setup(_metadata, &self->f);
}

FIXTURE_TEARDOWN(mrtd)
{
	teardown(_metadata, &self->f);
}

FIXTURE_SETUP(wait)
{
	if (!tdx_update_has_sync())
		SKIP(return, "kernel does not keep updates and TD builds apart");

	setup(_metadata, &self->f);
	if (!_metadata->exit_code && self->f.trace < 0)
		SKIP(return, "no tracepoints at /sys/kernel/tracing");
}

FIXTURE_TEARDOWN(wait)
{
	teardown(_metadata, &self->f);
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
		EXPECT_NEXT("tdx_update_phase", "phase=quiesce");			\
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
					  __tgid, AT_ONCE_MS));				\
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

TEST_F_TIMEOUT(mrtd, waits_for_build, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	if (self->f.has_sync)
		EXPECT_STREQ(self->f.version, tdx_host_read("version"));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, phases_follow_build, 120)
{
	static const char * const phases[] = {
		"shutdown", "install", "init", "resume",
	};
	int i;

	BEGIN_BUILD_AND_UPDATE();
	EXPECT_NEXT("tdx_update_block_begin", "tgid=%d", self->f.builder.pid);
	EXPECT_NEXT("tdx_update_phase", "phase=drain");

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	for (i = 0; i < ARRAY_SIZE(phases); i++)
		EXPECT_NEXT("tdx_update_phase", "phase=%s", phases[i]);
	EXPECT_NEXT("tdx_update_done", "result=success");
}

TEST_F_TIMEOUT(wait, builder_killed, 120)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	builder_kill(&self->f.builder);
	EXPECT_UPDATE_FOLLOWS(tgid);
}

TEST_F_TIMEOUT(wait, vm_closed, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CLOSE));
	EXPECT_UPDATE_FOLLOWS(self->f.builder.pid);
}

TEST_F_TIMEOUT(mrtd, finalize_in_thread, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE_THREAD);
}

TEST_F_TIMEOUT(mrtd, finalize_in_other_process, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE_CLONE);
}

/* KVM refuses ioctls from a process with other memory than the VM's. */
TEST_F_TIMEOUT(wait, finalize_in_forked_process, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(-EIO, builder_do(&self->f.builder, BUILD_FINALIZE_FORK));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* A build lasts as long as the VM does, not as long as the process that began it. */
TEST_F_TIMEOUT(wait, vm_inherited, 120)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	self->f.heir = builder_do(&self->f.builder, BUILD_LEND);
	ASSERT_LT(0, self->f.heir);
	builder_kill(&self->f.builder);
	EXPECT_UPDATE_WAITS(1);

	kill(self->f.heir, SIGKILL);
	self->f.heir = 0;
	EXPECT_UPDATE_FOLLOWS(tgid);
}

/*
 * The build goes on while TDH.MR.FINALIZE finds the TD busy, which userspace is
 * told to try again.  KVM's locks keep out whatever a test could do to that end,
 * so it is up to the TDX module whether this happens.
 */
TEST_F_TIMEOUT(wait, finalize_busy, 120)
{
	unsigned int nr_busy = 0;
	int r;

	BEGIN_BUILD_AND_UPDATE();
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD_REST));

	while (1) {
		r = builder_do(&self->f.builder, BUILD_FINALIZE_ONCE);
		if (r != -EBUSY)
			break;

		nr_busy++;
		EXPECT_UPDATE_WAITS(1);
	}

	ASSERT_EQ(0, r);
	EXPECT_UPDATE_FOLLOWS(self->f.builder.pid);
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CHECK)) {
		TH_LOG("wrong MRTD: the TDX module was updated during the build");
	}

	if (!nr_busy && !_metadata->exit_code)
		SKIP(return, "TDH.MR.FINALIZE did not find the TD busy");
}

TEST_F_TIMEOUT(wait, init_vm_fails, 120)
{
	tdx_host_write("update_wait_ms", "0");

	ASSERT_EQ(-EINVAL, builder_do(&self->f.builder, BUILD_BEGIN_INVALID));
	EXPECT_NEXT("tdx_update_block_begin", "tgid=%d", self->f.builder.pid);
	EXPECT_NEXT("tdx_update_block_end", "tgid=%d", self->f.builder.pid);
	EXPECT_EQ(0, tdx_host_read_uint("builds_in_flight"));
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));
}

TEST_F_TIMEOUT(wait, builder_stalls, 120)
{
	tdx_host_write("update_wait_ms", "3000");
	ASSERT_EQ(0, builder_do(&self->f.other, BUILD_CREATE));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));
	kill(self->f.builder.pid, SIGSTOP);

	ASSERT_EQ(0, tdx_update_start(tdx_update_next_image()));
	ASSERT_TRUE(tdx_host_wait_for("update_state", "waiting", AT_ONCE_MS));
	BEGIN_OTHER_BUILD();

	/* The update gives up, and the build that was held back goes on. */
	EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":timeout"));
	EXPECT_EQ(0, builder_answer(&self->f.other));
	EXPECT_STREQ(self->f.version, tdx_host_read("version"));
	FINISH_OTHER_BUILD();

	/* Later the other one ends well, too. */
	kill(self->f.builder.pid, SIGCONT);
	tdx_host_write("update_wait_ms", "10000");
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, no_wait, 120)
{
	tdx_host_write("update_wait_ms", "0");
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));

	EXPECT_NE(NULL, strstr(tdx_update(tdx_update_next_image()), ":device-busy"));
	EXPECT_STREQ(self->f.version, tdx_host_read("version"));

	tdx_host_write("update_wait_ms", "10000");
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* Waiting for itself, the process could only be in its own way. */
TEST_F_TIMEOUT(mrtd, two_builds_of_one_process, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	/* If it were held back, it would begin when the update has given up. */
	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_BEGIN, 1));
	if (self->f.has_sync)
		EXPECT_UPDATE_WAITS(2);

	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_ADD, 1));
	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_ADD_REST, 0));
	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_FINALIZE, 0));
	if (self->f.has_sync)
		EXPECT_UPDATE_WAITS(1);
	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_ADD_REST, 1));
	ASSERT_EQ(0, builder_do_td(&self->f.builder, BUILD_FINALIZE, 1));

	if (self->f.trace >= 0)
		EXPECT_NEXT("tdx_update_block_end", "tgid=%d", self->f.builder.pid);
	EXPECT_UPDATE_FOLLOWS(self->f.builder.pid);
	EXPECT_EQ(0, builder_do_td(&self->f.builder, BUILD_CHECK, 0)) {
		TH_LOG("wrong MRTD of the first TD");
	}
	EXPECT_EQ(0, builder_do_td(&self->f.builder, BUILD_CHECK, 1)) {
		TH_LOG("wrong MRTD of the second TD");
	}
}

TEST_F_TIMEOUT(wait, new_build_waits, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();
	EXPECT_UPDATE_WAITS(1);

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, init_vm_interrupted, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	kill(self->f.other.pid, SIGUSR1);
	ASSERT_EQ(-EINTR, builder_answer(&self->f.other));
	EXPECT_UPDATE_WAITS(1);

	/* The program can repeat it; with SA_RESTART the kernel does. */
	BEGIN_OTHER_BUILD();
	kill(self->f.other.pid, SIGUSR2);
	ASSERT_OTHER_IS_HELD_BACK();
	EXPECT_UPDATE_WAITS(1);

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, held_back_builder_killed, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	builder_kill(&self->f.other);
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, cancel, 120)
{
	/* Longer than tdx_update_wait_idle() waits. */
	tdx_host_write("update_wait_ms", "60000");
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	ASSERT_EQ(0, tdx_update_cancel());
	EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":user-abort"));
	EXPECT_STREQ(self->f.version, tdx_host_read("version"));

	EXPECT_EQ(0, builder_answer(&self->f.other));
	FINISH_OTHER_BUILD();
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, two_uploads, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	/* The second one is refused and doesn't disturb the first. */
	EXPECT_EQ(-1, tdx_update_start(tdx_update_next_image()));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(mrtd, running_td_survives, 120)
{
	int i;

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD_REST));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_FINALIZE));

	for (i = 0; i < 5; i++) {
		builder_ask(&self->f.builder, BUILD_CHECK, 0);
		EXPECT_STREQ("", tdx_update(tdx_update_next_image()));
		ASSERT_EQ(0, builder_answer(&self->f.builder));
		ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CHECK));
	}
}

/* The harness has all options; what follows "--" are the images to update to. */
static int parse_images(int argc, char *argv[])
{
	int i, nr_options;

	for (nr_options = 1; nr_options < argc; nr_options++) {
		if (!strcmp(argv[nr_options], "--"))
			break;
		if (!strcmp(argv[nr_options], "-h"))
			fprintf(stderr, "Usage: %s [options] [-- IMAGE...]\n"
				TDX_UPDATE_IMAGES_HELP "\n", argv[0]);
	}

	for (i = nr_options + 1; i < argc; i++)
		tdx_update_add_image(argv[i]);

	return nr_options;
}

int main(int argc, char *argv[])
{
	const char *why;

	argc = parse_images(argc, argv);
	TEST_REQUIRE_TDX();
	__TEST_REQUIRE(tdx_update_supported(&why), "%s", why);

	return test_harness_run(argc, argv);
}

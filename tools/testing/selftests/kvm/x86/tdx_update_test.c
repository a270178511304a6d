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
 */
#include <signal.h>

#include "kvm_util.h"
#include "kselftest_harness.h"
#include "processor.h"
#include "tdx.h"
#include "tdx_builder.h"
#include "tdx_update.h"

/* A wait that ends at once, with room for a slow host. */
#define AT_ONCE_MS	5000
/* Long enough to see that something doesn't happen. */
#define NOT_YET_MS	200

/* No test updates the module more often. */
#define MAX_UPDATES	6

/* Runs a command that makes the next TDH.MR.FINALIZE find the TD busy. */
static const char *busy_command;

/* Each test has a process of its own, and this. */
static struct {
	struct builder builder, other;
	char version[TDX_UPDATE_VALUE_SIZE];
	bool has_sync;
	int trace;
} test;

/* Tests that look at nothing but the MRTD. */
FIXTURE(mrtd) {
};

/* Tests that look at who waits for what, on kernels that tell. */
FIXTURE(wait) {
};

static void setup(struct __test_metadata *_metadata)
{
	if (tdx_host_read_uint("num_remaining_updates") < MAX_UPDATES)
		SKIP(return, "P-SEAMLDR accepts no more updates until the next reboot");

	test.has_sync = tdx_update_has_sync();
	test.trace = -1;

	/* A test that failed may have left an update behind. */
	tdx_update_cancel();
	tdx_update_wait_idle();

	if (test.has_sync) {
		tdx_host_write("update_wait_ms", "10000");
		ASSERT_TRUE(tdx_host_wait_for("builds_in_flight", "0", AT_ONCE_MS));
		test.trace = tdx_update_trace_open();
	}

	strcpy(test.version, tdx_host_read("version"));
	builder_start(&test.builder);
	builder_start(&test.other);
}

/* Whatever happened, no build is left over and the next update works. */
static void teardown(struct __test_metadata *_metadata)
{
	builder_kill(&test.builder);
	builder_kill(&test.other);

	tdx_update_wait_idle();
	if (test.has_sync) {
		tdx_host_write("update_wait_ms", "10000");
		EXPECT_TRUE(tdx_host_wait_for("builds_in_flight", "0", AT_ONCE_MS));
	}
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));

	tdx_update_trace_close(test.trace);
}

FIXTURE_SETUP(mrtd)
{
	setup(_metadata);
}

FIXTURE_TEARDOWN(mrtd)
{
	teardown(_metadata);
}

FIXTURE_SETUP(wait)
{
	if (!tdx_update_has_sync())
		SKIP(return, "kernel does not keep updates and TD builds apart");

	setup(_metadata);
	if (!_metadata->exit_code && test.trace < 0)
		SKIP(return, "no tracepoints at /sys/kernel/tracing");
}

FIXTURE_TEARDOWN(wait)
{
	teardown(_metadata);
}

/* Begin a build, and an update that meets it. */
#define BEGIN_BUILD_AND_UPDATE()							\
do {											\
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_BEGIN));				\
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD));				\
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));		\
	if (test.has_sync)								\
		EXPECT_UPDATE_WAITS(1);							\
} while (0)

/* Not fatal: what matters is what becomes of the build that was not waited for. */
#define EXPECT_UPDATE_WAITS(nr_builds)							\
do {											\
	EXPECT_STREQ("waiting", tdx_host_read("update_state"));				\
	EXPECT_EQ(nr_builds, tdx_host_read_uint("builds_in_flight"));			\
} while (0)

/* End the build and the update; @finalize is the step under test. */
#define END_BUILD_AND_UPDATE(finalize)							\
do {											\
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD_REST));			\
	ASSERT_EQ(0, builder_do(&test.builder, finalize));				\
	EXPECT_STREQ("", tdx_update_wait_idle());					\
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_CHECK)) {				\
		TH_LOG("wrong MRTD: the TDX module was updated during the build");	\
	}										\
} while (0)

/* Begin a build in another process, which is held back. */
#define BEGIN_OTHER_BUILD()								\
do {											\
	char tgid[32];									\
											\
	snprintf(tgid, sizeof(tgid), "tgid=%d", test.other.pid);			\
	builder_ask(&test.other, BUILD_BEGIN, 0);					\
	ASSERT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_block_wait",		\
					  tgid, AT_ONCE_MS));				\
} while (0)

#define FINISH_OTHER_BUILD()								\
do {											\
	ASSERT_EQ(0, builder_do(&test.other, BUILD_ADD));				\
	ASSERT_EQ(0, builder_do(&test.other, BUILD_ADD_REST));				\
	ASSERT_EQ(0, builder_do(&test.other, BUILD_FINALIZE));				\
	ASSERT_EQ(0, builder_do(&test.other, BUILD_CHECK)) {				\
		TH_LOG("wrong MRTD of a build that was held back");			\
	}										\
} while (0)

TEST_F_TIMEOUT(mrtd, waits_for_build, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	if (test.has_sync)
		EXPECT_STREQ(test.version, tdx_host_read("version"));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, phases_follow_build, 120)
{
	static const char * const phases[] = {
		"quiesce", "shutdown", "install", "init", "resume",
	};
	char match[32];
	int i;

	BEGIN_BUILD_AND_UPDATE();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);

	EXPECT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_block_begin", "", 0));
	EXPECT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_phase", "phase=drain", 0));
	EXPECT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_block_end", "", 0));
	for (i = 0; i < ARRAY_SIZE(phases); i++) {
		snprintf(match, sizeof(match), "phase=%s", phases[i]);
		EXPECT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_phase", match, 0)) {
			TH_LOG("no phase %s after the build and its predecessors", phases[i]);
		}
	}
	EXPECT_TRUE(tdx_update_trace_wait(test.trace, "tdx_update_done", "result=success", 0));
}

TEST_F_TIMEOUT(wait, builder_killed, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	builder_kill(&test.builder);
	EXPECT_STREQ("", tdx_update_wait_idle());
}

TEST_F_TIMEOUT(wait, vm_closed, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&test.builder, BUILD_CLOSE));
	EXPECT_STREQ("", tdx_update_wait_idle());
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

	ASSERT_NE(0, builder_do(&test.builder, BUILD_FINALIZE_FORK));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* A build lasts as long as the VM does, not as long as the process that began it. */
TEST_F_TIMEOUT(wait, vm_inherited, 120)
{
	pid_t heir;

	BEGIN_BUILD_AND_UPDATE();

	heir = builder_do(&test.builder, BUILD_LEND);
	ASSERT_LT(0, heir);
	builder_kill(&test.builder);
	EXPECT_UPDATE_WAITS(1);

	kill(heir, SIGKILL);
	EXPECT_STREQ("", tdx_update_wait_idle());
}

TEST_F_TIMEOUT(wait, finalize_busy, 120)
{
	if (!busy_command)
		SKIP(return, "no command to make TDH.MR.FINALIZE busy, see -b");

	BEGIN_BUILD_AND_UPDATE();
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD_REST));

	ASSERT_EQ(0, system(busy_command));
	ASSERT_EQ(-EBUSY, builder_do(&test.builder, BUILD_FINALIZE_ONCE));
	EXPECT_UPDATE_WAITS(1);

	ASSERT_EQ(0, builder_do(&test.builder, BUILD_FINALIZE_ONCE));
	EXPECT_STREQ("", tdx_update_wait_idle());
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_CHECK));
}

TEST_F_TIMEOUT(wait, init_vm_fails, 120)
{
	tdx_host_write("update_wait_ms", "0");

	ASSERT_EQ(-EINVAL, builder_do(&test.builder, BUILD_BEGIN_INVALID));
	EXPECT_EQ(0, tdx_host_read_uint("builds_in_flight"));
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));
}

TEST_F_TIMEOUT(wait, builder_stalls, 120)
{
	tdx_host_write("update_wait_ms", "3000");
	ASSERT_EQ(0, builder_do(&test.other, BUILD_CREATE));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD));
	kill(test.builder.pid, SIGSTOP);

	ASSERT_EQ(0, tdx_update_start(tdx_update_next_image()));
	ASSERT_TRUE(tdx_host_wait_for("update_state", "waiting", AT_ONCE_MS));
	BEGIN_OTHER_BUILD();

	/* The update gives up, and the build that was held back goes on. */
	EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":timeout"));
	EXPECT_EQ(0, builder_answer(&test.other));
	EXPECT_STREQ(test.version, tdx_host_read("version"));
	FINISH_OTHER_BUILD();

	/* Later the other one ends well, too. */
	kill(test.builder.pid, SIGCONT);
	tdx_host_write("update_wait_ms", "10000");
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, no_wait, 120)
{
	tdx_host_write("update_wait_ms", "0");
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD));

	EXPECT_NE(NULL, strstr(tdx_update(tdx_update_next_image()), ":device-busy"));
	EXPECT_STREQ(test.version, tdx_host_read("version"));

	tdx_host_write("update_wait_ms", "10000");
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* Waiting for itself, the process could only be in its own way. */
TEST_F_TIMEOUT(mrtd, two_builds_of_one_process, 120)
{
	BEGIN_BUILD_AND_UPDATE();

	builder_ask(&test.builder, BUILD_BEGIN, 1);
	ASSERT_TRUE(builder_answers(&test.builder, AT_ONCE_MS));
	ASSERT_EQ(0, builder_answer(&test.builder));
	if (test.has_sync)
		EXPECT_UPDATE_WAITS(2);

	ASSERT_EQ(0, builder_do_td(&test.builder, BUILD_ADD, 1));
	ASSERT_EQ(0, builder_do_td(&test.builder, BUILD_ADD_REST, 0));
	ASSERT_EQ(0, builder_do_td(&test.builder, BUILD_FINALIZE, 0));
	if (test.has_sync)
		EXPECT_UPDATE_WAITS(1);
	ASSERT_EQ(0, builder_do_td(&test.builder, BUILD_ADD_REST, 1));
	ASSERT_EQ(0, builder_do_td(&test.builder, BUILD_FINALIZE, 1));

	EXPECT_STREQ("", tdx_update_wait_idle());
	EXPECT_EQ(0, builder_do_td(&test.builder, BUILD_CHECK, 0)) {
		TH_LOG("wrong MRTD of the first TD");
	}
	EXPECT_EQ(0, builder_do_td(&test.builder, BUILD_CHECK, 1)) {
		TH_LOG("wrong MRTD of the second TD");
	}
}

TEST_F_TIMEOUT(wait, new_build_waits, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();
	EXPECT_FALSE(builder_answers(&test.other, NOT_YET_MS));
	EXPECT_UPDATE_WAITS(1);

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	ASSERT_EQ(0, builder_answer(&test.other));
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, init_vm_interrupted, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	kill(test.other.pid, SIGUSR1);
	ASSERT_EQ(-EINTR, builder_answer(&test.other));
	EXPECT_UPDATE_WAITS(1);

	/* With SA_RESTART the kernel repeats it, else the program can. */
	BEGIN_OTHER_BUILD();
	kill(test.other.pid, SIGUSR2);
	EXPECT_FALSE(builder_answers(&test.other, NOT_YET_MS));

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	ASSERT_EQ(0, builder_answer(&test.other));
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, held_back_builder_killed, 120)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	builder_kill(&test.other);
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, cancel, 120)
{
	u64 start;

	tdx_host_write("update_wait_ms", "60000");
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	start = monotonic_ms();
	ASSERT_EQ(0, tdx_update_cancel());
	EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":user-abort"));
	EXPECT_GT(AT_ONCE_MS, monotonic_ms() - start);
	EXPECT_STREQ(test.version, tdx_host_read("version"));

	EXPECT_EQ(0, builder_answer(&test.other));
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

	ASSERT_EQ(0, builder_do(&test.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_ADD_REST));
	ASSERT_EQ(0, builder_do(&test.builder, BUILD_FINALIZE));

	for (i = 0; i < 5; i++) {
		builder_ask(&test.builder, BUILD_CHECK, 0);
		EXPECT_STREQ("", tdx_update(tdx_update_next_image()));
		ASSERT_EQ(0, builder_answer(&test.builder));
		ASSERT_EQ(0, builder_do(&test.builder, BUILD_CHECK));
	}
}

/* Takes this test's options away from those of the harness. */
static int parse_options(int argc, char *argv[])
{
	int i, kept = 1;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-i") && i + 1 < argc)
			tdx_update_add_image(argv[++i]);
		else if (!strcmp(argv[i], "-b") && i + 1 < argc)
			busy_command = argv[++i];
		else
			argv[kept++] = argv[i];

		if (!strcmp(argv[i], "-h"))
			printf("-i IMAGE    TDX module to update to; if repeated, they take turns\n"
			       "            (default: the newest in " TDX_MODULE_IMAGES ")\n"
			       "-b COMMAND  makes the next TDH.MR.FINALIZE return TDX_OPERAND_BUSY\n");
	}

	argv[kept] = NULL;
	return kept;
}

int main(int argc, char *argv[])
{
	const char *why;

	argc = parse_options(argc, argv);
	TEST_REQUIRE_TDX();
	__TEST_REQUIRE(tdx_update_supported(&why), "%s", why);

	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of the TDX module beside TD builds.
 *
 * A TD that is built while the module is updated must still get the right
 * measurement (MRTD): the update waits for the build, and builds that begin
 * meanwhile wait for the update.  Waiting is bounded.
 *
 * On a kernel that doesn't keep the two apart, tests that look at the MRTD only
 * fail, and the others are skipped.
 *
 * usage: TDX_UPDATES=N tdx_update_test [options of the harness] [-- IMAGE...]
 */
#include "tdx/tdx_update_fixture.h"

/* For tests that look at nothing but the MRTD. */
FIXTURE(mrtd) {
	struct update_fixture f;
};

FIXTURE_SETUP(mrtd)
{
	update_setup(_metadata, &self->f);
}

FIXTURE_TEARDOWN(mrtd)
{
	update_teardown(_metadata, &self->f);
}

TEST_F_TIMEOUT(mrtd, waits_for_build, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	if (self->f.has_sync)
		EXPECT_STREQ(self->f.version, tdx_host_read("version"));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, phases_follow_build, TEST_TIMEOUT_S)
{
	static const char * const phases[] = {
		"rehearse", "shutdown", "install", "init", "resume",
	};
	int i;

	BEGIN_BUILD_AND_UPDATE();
	EXPECT_NEXT("tdx_update_block_begin", "tgid=%d", self->f.builder.pid);
	EXPECT_NEXT("tdx_update_phase", "phase=image");
	EXPECT_NEXT("tdx_update_phase", "phase=preflight");
	EXPECT_NEXT("tdx_update_phase", "phase=drain");

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	for (i = 0; i < ARRAY_SIZE(phases); i++)
		EXPECT_NEXT("tdx_update_phase", "phase=%s", phases[i]);
	EXPECT_NEXT("tdx_update_done", "result=success");
}

TEST_F_TIMEOUT(mrtd, finalize_in_thread, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE_THREAD);
}

TEST_F_TIMEOUT(mrtd, finalize_in_other_process, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE_CLONE);
}

/* KVM refuses ioctls from a process with other memory than the VM's. */
TEST_F_TIMEOUT(wait, finalize_in_forked_process, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(-EIO, builder_do(&self->f.builder, BUILD_FINALIZE_FORK));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/*
 * KVM repeats a TDH.MR.FINALIZE that finds the TD busy, and in the end tells
 * userspace to try again.  The build goes on meanwhile.  Nothing that a test can
 * do keeps a TD busy for so long, so it is up to the TDX module whether this happens.
 */
TEST_F_TIMEOUT(wait, finalize_busy, TEST_TIMEOUT_S)
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

TEST_F_TIMEOUT(wait, init_vm_fails, TEST_TIMEOUT_S)
{
	tdx_host_write("update_wait_ms", "0");

	ASSERT_EQ(-EINVAL, builder_do(&self->f.builder, BUILD_BEGIN_INVALID));
	EXPECT_NEXT("tdx_update_block_begin", "tgid=%d", self->f.builder.pid);
	EXPECT_NEXT("tdx_update_block_end", "tgid=%d", self->f.builder.pid);
	EXPECT_EQ(0, tdx_host_read_uint("builds_in_flight"));
	EXPECT_STREQ("", tdx_update(tdx_update_next_image()));
}

TEST_F_TIMEOUT(wait, builder_stalls, TEST_TIMEOUT_S)
{
	char value[16], tgid[32];
	unsigned int wait_ms;

	snprintf(tgid, sizeof(tgid), "tgid=%d", self->f.other.pid);
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));
	kill(self->f.builder.pid, SIGSTOP);

	/*
	 * The update gives up, and the build that was held back goes on.  On a slow
	 * host the update gives up before there is such a build: then it must wait
	 * longer.
	 */
	for (wait_ms = 3000; ; wait_ms *= 2) {
		snprintf(value, sizeof(value), "%u", wait_ms);
		tdx_host_write("update_wait_ms", value);
		ASSERT_EQ(0, builder_do(&self->f.other, BUILD_CREATE));
		ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
		builder_ask(&self->f.other, BUILD_BEGIN, 0);

		EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":timeout"));
		ASSERT_EQ(0, builder_answer(&self->f.other));
		if (tdx_update_trace_wait(self->f.trace, "tdx_update_block_wait", tgid, 0))
			break;

		ASSERT_EQ(0, builder_do(&self->f.other, BUILD_CLOSE));
	}
	EXPECT_STREQ(self->f.version, tdx_host_read("version"));
	FINISH_OTHER_BUILD();

	/* Later the other one ends well, too. */
	kill(self->f.builder.pid, SIGCONT);
	tdx_host_write("update_wait_ms", UPDATE_WAIT_MS);
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, no_wait, TEST_TIMEOUT_S)
{
	tdx_host_write("update_wait_ms", "0");
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));

	EXPECT_NE(NULL, strstr(tdx_update(tdx_update_next_image()), ":device-busy"));
	EXPECT_STREQ(self->f.version, tdx_host_read("version"));

	tdx_host_write("update_wait_ms", UPDATE_WAIT_MS);
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* Waiting for itself, the process could only be in its own way. */
TEST_F_TIMEOUT(mrtd, two_builds_of_one_process, TEST_TIMEOUT_S)
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

TEST_F_TIMEOUT(wait, new_build_waits, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();
	EXPECT_UPDATE_WAITS(1);

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, cancel, TEST_TIMEOUT_S)
{
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

TEST_F_TIMEOUT(wait, two_uploads, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();

	/* The second one is refused and doesn't disturb the first. */
	EXPECT_EQ(-1, tdx_update_start(tdx_update_next_image()));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(mrtd, running_td_survives, TEST_TIMEOUT_S)
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

int main(int argc, char *argv[])
{
	return update_test_main(argc, argv);
}

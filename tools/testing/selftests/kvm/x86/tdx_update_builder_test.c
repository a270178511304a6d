// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of updates of the TDX module, and of TD builds that wait for
 * them, when something happens to the process that builds the TD.
 *
 * A build ends when the TD is finalized, or when nobody can do so any more:
 * KVM takes ioctls from the process only that created the VM, whoever else
 * holds it.  An update goes on then.
 *
 * A build that begins while an update waits is held back, which it does not
 * notice but for the time that it takes, whatever signals it gets.
 *
 * usage: TDX_UPDATES=N tdx_update_builder_test [options of the harness] [-- IMAGE...]
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tdx/tdx_update_fixture.h"

/*
 * Update scripts poll for the end of an update for 10 s.  By default, the kernel
 * gives up well before.
 */
#define MAX_DEFAULT_WAIT_MS	5000

#define FREEZER			"/sys/fs/cgroup/tdx_update_builder_test"

TEST_F_TIMEOUT(wait, builder_killed, TEST_TIMEOUT_S)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	builder_kill(&self->f.builder);
	EXPECT_UPDATE_FOLLOWS(tgid);
}

TEST_F_TIMEOUT(wait, vm_closed, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CLOSE));
	EXPECT_UPDATE_FOLLOWS(self->f.builder.pid);
}

TEST_F_TIMEOUT(wait, vm_inherited, TEST_TIMEOUT_S)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	self->f.heir = builder_do(&self->f.builder, BUILD_LEND);
	ASSERT_LT(0, self->f.heir);
	builder_kill(&self->f.builder);
	EXPECT_UPDATE_FOLLOWS(tgid);
}

TEST_F_TIMEOUT(wait, vm_sent, TEST_TIMEOUT_S)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_SEND_VM));
	builder_kill(&self->f.builder);
	EXPECT_UPDATE_FOLLOWS(tgid);

	close(self->f.builder.sent_fd);
}

/* It keeps the VM, too. */
TEST_F_TIMEOUT(wait, memory_sent, TEST_TIMEOUT_S)
{
	pid_t tgid = self->f.builder.pid;

	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_SEND_MEMORY));
	builder_kill(&self->f.builder);
	EXPECT_UPDATE_FOLLOWS(tgid);

	close(self->f.builder.sent_fd);
}

/* As long as its owner lives it is the owner's to finish. */
TEST_F_TIMEOUT(wait, vm_sent_by_living_builder, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_SEND_VM));
	close(self->f.builder.sent_fd);
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

/* Does the process sleep on, although it has these signals to take? */
static bool sleeps_in_spite_of(pid_t pid, unsigned long long signals)
{
	u64 deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;
	unsigned long long pending;
	char path[32], line[128];
	char state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	do {
		state = '\0';
		pending = 0;
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file)) {
			if (sscanf(line, "State: %c", &state) != 1 &&
			    sscanf(line, "ShdPnd: %llx", &pending) == 1)
				break;
		}
		if (!file || fclose(file) || (pending & signals) != signals)
			return false;
		/* Who was woken is about to look at them. */
	} while (state == 'R' && monotonic_ms() < deadline);

	return state == 'D' || state == 'S';
}

/* One handler has no SA_RESTART, and the program does not expect EINTR. */
TEST_F_TIMEOUT(wait, init_vm_signalled, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	kill(self->f.other.pid, SIGUSR1);
	kill(self->f.other.pid, SIGUSR2);
	EXPECT_TRUE(sleeps_in_spite_of(self->f.other.pid, 1ULL << (SIGUSR1 - 1) |
							  1ULL << (SIGUSR2 - 1))) {
		TH_LOG("a signal ended KVM_TDX_INIT_VM");
	}
	EXPECT_UPDATE_WAITS(1);

	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, held_back_builder_killed, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	builder_kill(&self->f.other);
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, held_back_builder_stopped, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	kill(self->f.other.pid, SIGSTOP);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);

	kill(self->f.other.pid, SIGCONT);
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();
}

static bool freezer_write(const char *file, const char *value)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), FREEZER "/%s", file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;

	written = write(fd, value, strlen(value)) == strlen(value);
	close(fd);
	return written;
}

static bool wait_until_frozen(void)
{
	u64 deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;
	char events[128];
	ssize_t n;
	int fd;

	while (monotonic_ms() < deadline) {
		fd = open(FREEZER "/cgroup.events", O_RDONLY);
		n = read(fd, events, sizeof(events) - 1);
		close(fd);
		if (n < 0)
			return false;

		events[n] = '\0';
		if (strstr(events, "frozen 1"))
			return true;
		usleep(1000);
	}

	return false;
}

TEST_F_TIMEOUT(wait, held_back_builder_frozen, TEST_TIMEOUT_S)
{
	char pid[16];

	if (mkdir(FREEZER, 0700) || access(FREEZER "/cgroup.freeze", W_OK)) {
		rmdir(FREEZER);
		SKIP(return, "no cgroup2 at /sys/fs/cgroup");
	}

	snprintf(pid, sizeof(pid), "%d", self->f.other.pid);
	ASSERT_TRUE(freezer_write("cgroup.procs", pid));

	BEGIN_BUILD_AND_UPDATE();
	BEGIN_OTHER_BUILD();

	ASSERT_TRUE(freezer_write("cgroup.freeze", "1"));
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
	EXPECT_TRUE(wait_until_frozen());

	ASSERT_TRUE(freezer_write("cgroup.freeze", "0"));
	EXPECT_OTHER_BUILD_FOLLOWS();
	FINISH_OTHER_BUILD();

	builder_kill(&self->f.other);
	EXPECT_EQ(0, rmdir(FREEZER));
}

/* One of the threads builds the TD, and it is one build. */
TEST_F_TIMEOUT(wait, many_threads, TEST_TIMEOUT_S)
{
	char tgid[32];

	snprintf(tgid, sizeof(tgid), "tgid=%d", self->f.builder.pid);
	ASSERT_EQ(1, builder_do(&self->f.builder, BUILD_BEGIN_THREADS));
	EXPECT_EQ(1, tdx_host_read_uint("builds_in_flight"));
	EXPECT_TRUE(tdx_update_trace_wait(self->f.trace, "tdx_update_block_begin", tgid, 0));
	EXPECT_FALSE(tdx_update_trace_wait(self->f.trace, "tdx_update_block_begin", tgid, 0)) {
		TH_LOG("a thread had a block although the TD was initialized");
	}

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));
	ASSERT_EQ(0, tdx_update_start_and_wait(tdx_update_next_image()));
	EXPECT_UPDATE_WAITS(1);
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);
}

TEST_F_TIMEOUT(wait, many_held_back_threads, TEST_TIMEOUT_S)
{
	BEGIN_BUILD_AND_UPDATE();

	builder_ask(&self->f.other, BUILD_BEGIN_THREADS, 0);
	ASSERT_OTHER_IS_HELD_BACK();
	END_BUILD_AND_UPDATE(BUILD_FINALIZE);

	ASSERT_EQ(1, builder_answer(&self->f.other));
	EXPECT_EQ(1, tdx_host_read_uint("builds_in_flight"));
	FINISH_OTHER_BUILD();
}

TEST_F_TIMEOUT(wait, client_sees_reason, TEST_TIMEOUT_S)
{
	ASSERT_GE(MAX_DEFAULT_WAIT_MS, atoi(self->f.wait_ms)) {
		TH_LOG("updates wait for %s ms", self->f.wait_ms);
	}
	tdx_host_write("update_wait_ms", self->f.wait_ms);

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_BEGIN));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD));

	/* It ends by itself: the build goes on, and ends after it. */
	ASSERT_EQ(0, tdx_update_start(tdx_update_next_image()));
	EXPECT_NE(NULL, strstr(tdx_update_wait_idle(), ":timeout"));
	EXPECT_STREQ("refused:drain:timeout", tdx_host_read("update_result"));
	EXPECT_EQ(1, tdx_host_read_uint("builds_in_flight"));
	EXPECT_NEXT("tdx_update_phase_end", "phase=drain");

	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_ADD_REST));
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_FINALIZE));
	EXPECT_NEXT("tdx_update_block_end", "tgid=%d", self->f.builder.pid);
	ASSERT_EQ(0, builder_do(&self->f.builder, BUILD_CHECK)) {
		TH_LOG("wrong MRTD of a build that an update waited for");
	}
}

int main(int argc, char *argv[])
{
	return update_test_main(argc, argv);
}

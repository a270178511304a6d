// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of what may happen to TDs that are being built, to the
 * processes that build them, and to updates of the TDX module.
 *
 * A model is kept beside, and compared after each step: how many builds are in
 * flight, whether an update waits for them, and whether there is a module.
 * Each TD that is finalized must have the right MRTD.  In the end no build is
 * left, and there are as many KeyIDs as in the beginning.
 *
 * A sequence is told by its seed, and the steps are printed if it fails.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm_util.h"
#include "kselftest.h"
#include "processor.h"
#include "tdx/tdx_util.h"
#include "tdx/tdx_builder.h"
#include "tdx/tdx_update.h"

#define NR_ACTORS		3
#define MAX_HELD		4
#define MAX_KEYIDS		64
#define MIN_STEPS		8
#define MAX_STEPS		32

/* No update gives up by itself. */
#define UPDATE_WAIT_MS		"3600000"

/* A sequence may end by a repair, which may fail before it succeeds. */
#define RESERVED_UPDATES	4

#define CGROUP_DIR		"/sys/fs/cgroup/"
#define REPAIR_WAIT_FILE	"/sys/module/tdx_update/parameters/repair_wait_ms"

enum td_state {
	TD_NONE, TD_CREATED, TD_BEGUN, TD_HALF, TD_FULL, TD_FINAL,
};

/* A process that builds TDs, and what it must be like. */
struct actor {
	struct builder builder;
	enum td_state tds[TDX_BUILDER_NR_TDS];
	bool suspended, frozen;

	/* The TD whose build is held back, or -1. */
	int held_back;

	/* Another process may hold its TDs. */
	bool lent;

	/* Suspended since, the actor did not answer that its build has begun. */
	bool answer_due;
};

static struct {
	u32 seed;
	unsigned int sequences;
	const char *failing, *refused;
} options = {
	.sequences = 10,
};

static struct actor actors[NR_ACTORS];
/* As pidfds, or -1. */
static int heirs[MAX_HELD];
static int held_fds[MAX_HELD];

/* The update that waits, and what it will come to. */
static bool waiting, will_fail;
/* There is no TDX module. */
static bool lost;

static int trace;
static struct kvm_random_state rng;
static u32 sequence;
static char history[MAX_STEPS * 64];
static bool finished;

static u32 dice(u32 sides)
{
	return kvm_random_u32(&rng) % sides;
}

#define note(fmt, args...)							\
	snprintf(history + strlen(history), sizeof(history) - strlen(history),	\
		 fmt "; ", ##args)

/* Also when a process that the test has started fails an assertion. */
static void tell_history(void)
{
	if (!finished)
		ksft_print_msg("the sequence of seed %u failed at the end of: %s\n",
			       sequence, history);
}

static unsigned int blocks_of(struct actor *actor)
{
	unsigned int i, n = 0;

	for (i = 0; i < TDX_BUILDER_NR_TDS; i++)
		n += actor->tds[i] >= TD_BEGUN && actor->tds[i] <= TD_FULL;

	return n;
}

static unsigned int blocks_in_flight(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_ACTORS; i++)
		n += blocks_of(&actors[i]);

	return n;
}

static void check_model(void)
{
	const char *state = waiting ? "waiting" : lost ? "failed" : "idle";
	char blocks[16];

	snprintf(blocks, sizeof(blocks), "%u", blocks_in_flight());
	TEST_ASSERT(tdx_host_wait_for("builds_in_flight", blocks, TDX_UPDATE_TIMEOUT_MS),
		    "%s builds must be in flight, but %s are", blocks,
		    tdx_host_read("builds_in_flight"));
	TEST_ASSERT(tdx_host_wait_for("update_state", state, TDX_UPDATE_TIMEOUT_MS),
		    "The update must be '%s', but is '%s'", state, tdx_host_read("update_state"));
}

static bool can_act(struct actor *actor)
{
	return !actor->suspended && actor->held_back < 0;
}

static void expect(struct actor *actor, enum builder_op op, int td)
{
	int r = builder_do_td(&actor->builder, op, td);

	TEST_ASSERT(!r, "Step %d of the build failed: %d", op, r);
}

/* What was held back goes on, if there is a module. */
static void let_go_on(struct actor *actor)
{
	int td = actor->held_back, r;

	if (td < 0)
		return;

	actor->held_back = -1;
	actor->tds[td] = lost ? TD_CREATED : TD_BEGUN;
	actor->answer_due = actor->suspended;
	if (actor->suspended)
		return;

	r = builder_answer(&actor->builder);
	TEST_ASSERT(!r == !lost, "A build that was held back %s a module: %d",
		    lost ? "went on without" : "failed in spite of", r);
}

static void end_update(const char *error)
{
	const char *result = tdx_update_wait_idle();
	unsigned int i;

	TEST_ASSERT(error ? !!strstr(result, error) : !result[0],
		    "The update must end with '%s', but did with '%s'", error ?: "", result);
	waiting = false;
	for (i = 0; i < NR_ACTORS; i++)
		let_go_on(&actors[i]);
}

/* A build has ended: the update that waited for the last one goes on. */
static void settle(void)
{
	if (!waiting || blocks_in_flight())
		return;

	lost = will_fail;
	end_update(will_fail ? ":" : NULL);
}

static bool step_begin(struct actor *actor, int td)
{
	char tgid[32];
	int r;

	if (!can_act(actor) || actor->tds[td] > TD_CREATED ||
	    (lost && actor->tds[td] == TD_NONE))
		return false;

	note("begin %ld.%d", actor - actors, td);
	if (waiting && !blocks_of(actor)) {
		snprintf(tgid, sizeof(tgid), "tgid=%d", actor->builder.pid);
		builder_ask(&actor->builder, BUILD_BEGIN, td);
		TEST_ASSERT(tdx_update_trace_wait(trace, "tdx_update_block_wait", tgid,
						  TDX_UPDATE_TIMEOUT_MS),
			    "The build is not held back");
		actor->held_back = td;
		return true;
	}

	r = builder_do_td(&actor->builder, BUILD_BEGIN, td);
	TEST_ASSERT(!r == !lost, "KVM_TDX_INIT_VM, %s a module: %d",
		    lost ? "without" : "with", r);
	actor->tds[td] = lost ? TD_CREATED : TD_BEGUN;
	return true;
}

static bool step_create(struct actor *actor, int td)
{
	if (!can_act(actor) || lost || actor->tds[td] != TD_NONE)
		return false;

	note("create %ld.%d", actor - actors, td);
	expect(actor, BUILD_CREATE, td);
	actor->tds[td] = TD_CREATED;
	return true;
}

static bool step_add(struct actor *actor, int td)
{
	if (!can_act(actor) || (actor->tds[td] != TD_BEGUN && actor->tds[td] != TD_HALF))
		return false;

	note("add %ld.%d", actor - actors, td);
	expect(actor, actor->tds[td] == TD_BEGUN ? BUILD_ADD : BUILD_ADD_REST, td);
	actor->tds[td]++;
	return true;
}

static bool step_finalize(struct actor *actor, int td)
{
	if (!can_act(actor) || actor->tds[td] != TD_FULL)
		return false;

	note("finalize %ld.%d", actor - actors, td);
	expect(actor, BUILD_FINALIZE, td);
	actor->tds[td] = TD_FINAL;
	settle();
	return true;
}

static bool step_repair(struct actor *actor, int td);

/* Without a module the TD waits for one. */
static bool step_check(struct actor *actor, int td)
{
	if (!can_act(actor) || actor->tds[td] != TD_FINAL)
		return false;

	note("check %ld.%d", actor - actors, td);
	if (!lost) {
		expect(actor, BUILD_CHECK, td);
		return true;
	}

	builder_ask(&actor->builder, BUILD_CHECK, td);
	step_repair(actor, td);
	TEST_ASSERT(!builder_answer(&actor->builder), "The TD does not run after the repair");
	return true;
}

static bool close_vm(struct actor *actor, int td)
{
	if (!can_act(actor) || actor->tds[td] == TD_NONE)
		return false;

	/* A build whose TD others hold ends with the actor, not when it closes the TD. */
	if (actor->lent && actor->tds[td] >= TD_BEGUN && actor->tds[td] <= TD_FULL)
		return false;

	note("close %ld.%d", actor - actors, td);
	expect(actor, BUILD_CLOSE, td);
	actor->tds[td] = TD_NONE;
	settle();
	return true;
}

static void end_heir(unsigned int i)
{
	struct pollfd pollfd = { .fd = heirs[i], .events = POLLIN };

	if (heirs[i] < 0)
		return;

	/* Its parent does not wait for it: do not take a zombie for a process that lives. */
	syscall(SYS_pidfd_send_signal, heirs[i], SIGKILL, NULL, 0);
	TEST_ASSERT(poll(&pollfd, 1, TDX_UPDATE_TIMEOUT_MS) == 1, "A process cannot be killed");
	close(heirs[i]);
	heirs[i] = -1;
}

/* What another process holds of a TD keeps it, but not its build. */
static bool fork_heir(struct actor *actor, int td)
{
	unsigned int i = dice(MAX_HELD);
	pid_t heir;

	if (heirs[i] >= 0) {
		note("kill heir");
		end_heir(i);
		return true;
	}

	if (!can_act(actor) || actor->tds[td] == TD_NONE)
		return false;

	note("fork %ld", actor - actors);
	heir = builder_do_td(&actor->builder, BUILD_LEND, td);
	TEST_ASSERT(heir > 0, "fork()");
	heirs[i] = syscall(SYS_pidfd_open, heir, 0);
	TEST_ASSERT(heirs[i] >= 0, "pidfd_open()");
	actor->lent = true;
	return true;
}

static bool pass_fd(struct actor *actor, int td)
{
	enum builder_op op = dice(2) ? BUILD_SEND_VM : BUILD_SEND_MEMORY;
	unsigned int i = dice(MAX_HELD);

	if (held_fds[i] >= 0) {
		note("drop fd");
		close(held_fds[i]);
		held_fds[i] = -1;
		return true;
	}

	if (!can_act(actor) || actor->tds[td] == TD_NONE)
		return false;

	note("pass %s of %ld.%d", op == BUILD_SEND_VM ? "fd" : "memory", actor - actors, td);
	expect(actor, op, td);
	held_fds[i] = actor->builder.sent_fd;
	actor->lent = true;
	return true;
}

static bool cgroup_write(struct actor *actor, const char *file, const char *value)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), CGROUP_DIR "tdx_update_random_%ld/%s", actor - actors, file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;

	written = write(fd, value, strlen(value)) == strlen(value);
	close(fd);
	return written;
}

static void start_actor(struct actor *actor)
{
	char path[128];

	*actor = (struct actor) { .held_back = -1 };
	builder_start(&actor->builder);

	/* Without cgroups actors are stopped, but not frozen. */
	snprintf(path, sizeof(path), CGROUP_DIR "tdx_update_random_%ld", actor - actors);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%d", actor->builder.pid);
	cgroup_write(actor, "cgroup.procs", path);
}

static void end_actor(struct actor *actor)
{
	char path[128];

	if (actor->frozen)
		cgroup_write(actor, "cgroup.freeze", "0");
	builder_kill(&actor->builder);

	snprintf(path, sizeof(path), CGROUP_DIR "tdx_update_random_%ld", actor - actors);
	rmdir(path);
	*actor = (struct actor) { .held_back = -1 };
}

static bool kill_actor(struct actor *actor, int td)
{
	note("kill %ld", actor - actors);
	end_actor(actor);
	settle();
	start_actor(actor);
	return true;
}

static bool suspend_actor(struct actor *actor, int td)
{
	if (actor->suspended)
		return false;

	actor->suspended = true;
	actor->frozen = dice(2) && cgroup_write(actor, "cgroup.freeze", "1");
	if (!actor->frozen)
		kill(actor->builder.pid, SIGSTOP);

	note("%s %ld", actor->frozen ? "freeze" : "stop", actor - actors);
	return true;
}

static bool resume_actor(struct actor *actor, int td)
{
	int r;

	if (!actor->suspended)
		return false;

	note("resume %ld", actor - actors);
	if (actor->frozen)
		cgroup_write(actor, "cgroup.freeze", "0");
	else
		kill(actor->builder.pid, SIGCONT);
	actor->suspended = false;
	actor->frozen = false;

	if (actor->answer_due) {
		actor->answer_due = false;
		r = builder_answer(&actor->builder);
		TEST_ASSERT(!r == !!blocks_of(actor), "A build while its process was suspended: %d",
			    r);
	}
	return true;
}

/* It must not notice. */
static bool signal_actor(struct actor *actor, int td)
{
	if (actor->held_back < 0)
		return false;

	note("signal %ld", actor - actors);
	kill(actor->builder.pid, SIGUSR1);
	return true;
}

static bool start_update(const char *image, bool fails)
{
	if (waiting) {
		TEST_ASSERT(tdx_update_start(image), "A second update was begun");
		return true;
	}

	TEST_ASSERT(!tdx_update_start_and_wait(image), "The image was not taken");
	waiting = true;
	will_fail = fails;
	settle();
	return true;
}

static bool good_update(struct actor *actor, int td)
{
	if (tdx_updates_left() <= RESERVED_UPDATES)
		return false;

	note("update");
	return start_update(tdx_update_next_image(), false);
}

static bool failing_update(struct actor *actor, int td)
{
	if (!options.failing || tdx_updates_left() <= RESERVED_UPDATES)
		return false;

	note("failing update");
	return start_update(options.failing, true);
}

static bool refused_update(struct actor *actor, int td)
{
	if (!options.refused || waiting)
		return false;

	note("refused update");
	TEST_ASSERT(tdx_update(options.refused)[0], "A bad image was taken");
	return true;
}

static bool step_repair(struct actor *actor, int td)
{
	if (!lost)
		return false;

	note("repair");
	return start_update(tdx_update_next_image(), false);
}

static bool step_cancel(struct actor *actor, int td)
{
	note("cancel");
	if (!waiting) {
		TEST_ASSERT(tdx_update_cancel(), "There was nothing to cancel");
		return true;
	}

	TEST_ASSERT(!tdx_update_cancel(), "The update cannot be cancelled");
	end_update(":user-abort");
	return true;
}

/* Building comes more often than what disturbs it, or no TD would be finalized. */
static bool (*const steps[])(struct actor *actor, int td) = {
	step_create, step_begin, step_begin, step_begin, step_begin,
	step_add, step_add, step_add, step_add, step_add, step_add,
	step_finalize, step_finalize, step_finalize, step_check, step_check, close_vm,
	fork_heir, pass_fd, kill_actor, suspend_actor, resume_actor, resume_actor,
	signal_actor, good_update, good_update, failing_update, refused_update,
	step_repair, step_cancel,
};

static void wind_down(void)
{
	unsigned int i;

	note("wind down");
	for (i = 0; i < NR_ACTORS; i++)
		resume_actor(&actors[i], 0);
	if (waiting)
		step_cancel(NULL, 0);

	for (i = 0; i < NR_ACTORS; i++)
		end_actor(&actors[i]);
	for (i = 0; i < MAX_HELD; i++) {
		end_heir(i);
		if (held_fds[i] >= 0)
			close(held_fds[i]);
		held_fds[i] = -1;
	}

	step_repair(NULL, 0);
	check_model();
}

static void run_sequence(u32 seed)
{
	unsigned int i, nr_steps;

	sequence = seed;
	rng = new_kvm_random_state(seed);
	history[0] = '\0';
	for (i = 0; i < NR_ACTORS; i++)
		start_actor(&actors[i]);

	for (i = 0, nr_steps = MIN_STEPS + dice(MAX_STEPS - MIN_STEPS); i < nr_steps; ) {
		if (!steps[dice(ARRAY_SIZE(steps))](&actors[dice(NR_ACTORS)],
						    dice(TDX_BUILDER_NR_TDS)))
			continue;

		check_model();
		i++;
	}

	wind_down();
}

static unsigned int count_keyids(void)
{
	struct kvm_vm *vms[MAX_KEYIDS];
	unsigned int i, n;

	for (n = 0; n < MAX_KEYIDS; n++) {
		vms[n] = vm_tdx_create_barebones(1, 0);
		if (__vm_tdx_init_vm(vms[n], 0)) {
			kvm_vm_free(vms[n]);
			break;
		}
	}

	for (i = 0; i < n; i++)
		kvm_vm_free(vms[i]);

	return n;
}

/* What was torn down without a module is finished a moment after the repair. */
static bool all_keyids_back(unsigned int nr_keyids)
{
	u64 deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;

	while (count_keyids() != nr_keyids) {
		if (monotonic_ms() >= deadline)
			return false;
		usleep(10000);
	}

	return true;
}

/* Returns what it was before.  How soon a repair comes is up to the host. */
static unsigned int set_repair_wait_ms(unsigned int wait_ms)
{
	FILE *file = fopen(REPAIR_WAIT_FILE, "r+");
	unsigned int before;

	TEST_ASSERT(file && fscanf(file, "%u", &before) == 1, "Cannot read " REPAIR_WAIT_FILE);
	rewind(file);
	TEST_ASSERT(fprintf(file, "%u\n", wait_ms) > 0 && !fclose(file),
		    "Cannot write %u to " REPAIR_WAIT_FILE, wait_ms);
	return before;
}

static void help(const char *name)
{
	printf("usage: " TDX_UPDATES_ENV "=N %s [-s SEED] [-n SEQUENCES] [-F IMAGE] [-R IMAGE]\n"
	       "       [-- IMAGE...]\n"
	       "-s  seed of the first sequence; the next one's is 1 more (default: random)\n"
	       "-n  number of sequences, fewer if no update is left (default: 10)\n"
	       "-F  an image with which an update fails, and leaves no TDX module\n"
	       "-R  an image that is refused\n"
	       TDX_UPDATE_IMAGES_HELP TDX_UPDATES_HELP "\n", name);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int opt;

	options.seed = monotonic_ms() + getpid();
	while ((opt = getopt(argc, argv, "s:n:F:R:h")) != -1) {
		switch (opt) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options.sequences = atoi_positive("Number of sequences", optarg);
			break;
		case 'F':
			options.failing = optarg;
			break;
		case 'R':
			options.refused = optarg;
			break;
		default:
			help(argv[0]);
		}
	}

	for (; optind < argc; optind++)
		tdx_update_add_image(argv[optind]);
}

int main(int argc, char *argv[])
{
	char wait_ms[TDX_UPDATE_VALUE_SIZE];
	unsigned int i, nr_keyids, repair_wait_ms;
	const char *why;

	parse_options(argc, argv);
	TEST_REQUIRE_TDX();
	__TEST_REQUIRE(tdx_update_allowed(&why), "%s", why);
	__TEST_REQUIRE(tdx_updates_left() > RESERVED_UPDATES,
		       "Too few updates are left: raise " TDX_UPDATES_ENV ", or reboot");
	__TEST_REQUIRE(tdx_update_has_sync(), "Kernel does not keep updates and TD builds apart");
	trace = tdx_update_trace_open();
	__TEST_REQUIRE(trace >= 0, "No tracepoints at /sys/kernel/tracing");

	ksft_print_header();
	ksft_set_plan(2);
	snprintf(wait_ms, sizeof(wait_ms), "%s", tdx_host_read("update_wait_ms"));
	tdx_host_write("update_wait_ms", UPDATE_WAIT_MS);
	repair_wait_ms = set_repair_wait_ms(atoi(UPDATE_WAIT_MS));
	memset(held_fds, 0xff, sizeof(held_fds));
	memset(heirs, 0xff, sizeof(heirs));

	nr_keyids = count_keyids();
	ksft_print_msg("seed %u, %u KeyIDs or more\n", options.seed, nr_keyids);

	atexit(tell_history);
	for (i = 0; i < options.sequences && tdx_updates_left() > RESERVED_UPDATES; i++)
		run_sequence(options.seed + i);
	finished = true;

	ksft_print_msg("done: %u sequences\n", i);
	ksft_test_result_pass("each step of each sequence ended as it must\n");
	ksft_test_result(all_keyids_back(nr_keyids), "there are as many KeyIDs as before\n");

	set_repair_wait_ms(repair_wait_ms);
	tdx_host_write("update_wait_ms", wait_ms);
	tdx_update_trace_close(trace);
	ksft_finished();
}

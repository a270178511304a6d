// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build TDs in a loop in several processes, while the TDX module is updated
 * again and again.  Every TD must run with the right measurement (MRTD), and
 * every build and every update must succeed.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm_util.h"
#include "kselftest.h"
#include "processor.h"
#include "tdx/tdx_util.h"
#include "tdx/tdx_update.h"

#define MAX_BUILDERS	256
#define MAX_UPDATERS	16
#define MAX_REPORTS	8

static struct {
	unsigned int builders, updaters;
	unsigned int builds, updates;
	unsigned int seconds;
	unsigned int extra_pages;
	bool hotplug, interrupts, kills;
} options = {
	.builders = 2,
	.updaters = 1,
	.extra_pages = 2,
};

/* Shared by all processes. */
static struct {
	bool stop;
	sem_t update_turn;
	unsigned int builds, wrong_mrtd, failed_builds, killed_builders;
	unsigned int updates, failed_updates, refused_updates;
	unsigned int longest_update_ms;
	unsigned int interrupts, hotplugs, lost_cpus;
	unsigned int reports;
} *counts;

static unsigned int count(unsigned int *counter)
{
	return __sync_add_and_fetch(counter, 1);
}

#define report(fmt, args...)				\
do {							\
	if (count(&counts->reports) <= MAX_REPORTS)		\
		ksft_print_msg(fmt, ##args);		\
} while (0)

static bool stopped(void)
{
	return READ_ONCE(counts->stop);
}

static void interrupt(int signal)
{
}

/* What isn't about TDX need not be written for interrupts. */
static void allow_interrupts(bool allow)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(allow ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static int build(struct kvm_vm *vm, const char **step)
{
	u8 expected[SHA384_DIGEST_SIZE], mrtd[SHA384_DIGEST_SIZE];
	struct kvm_vcpu *vcpu;
	int r;

	*step = "KVM_TDX_INIT_VM";
	allow_interrupts(true);
	do {
		r = __vm_tdx_init_vm(vm, 0);
	} while (r && errno == EINTR);
	allow_interrupts(false);
	if (r)
		return r;

	vcpu = vm_tdx_vcpu_add(vm, 0);

	allow_interrupts(true);
	*step = "KVM_TDX_INIT_MEM_REGION";
	r = __vm_tdx_add_all_memory(vm);
	if (r)
		return r;

	*step = "KVM_TDX_FINALIZE_VM";
	do {
		r = __vm_tdx_finalize_vm(vm);
	} while (r && (errno == EBUSY || errno == EINTR));
	if (r)
		return r;

	*step = "KVM_RUN";
	vm_tdx_expected_mrtd(vm, expected);
	r = __tdx_vcpu_get_mrtd(vcpu, mrtd);
	if (!r && memcmp(mrtd, expected, sizeof(mrtd)))
		count(&counts->wrong_mrtd);
	return r;
}

static void builder_main(void)
{
	const char *step;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kvm_rng = new_kvm_random_state(getpid());

	while (!stopped()) {
		struct kvm_vm *vm;

		allow_interrupts(false);
		vm = vm_tdx_create_barebones(1, options.extra_pages);

		if (build(vm, &step)) {
			count(&counts->failed_builds);
			report("build failed: %s: errno %d (%s)\n", step, errno, strerror(errno));
		} else {
			count(&counts->builds);
		}

		allow_interrupts(false);
		kvm_vm_free(vm);
	}

	_exit(0);
}

/* Spread the updates over the builds. */
static bool update_is_due(unsigned int updates)
{
	if (options.updates && updates >= options.updates)
		return false;
	if (!options.updates || !options.builds)
		return true;

	return READ_ONCE(counts->builds) >= (u64)updates * options.builds / options.updates;
}

/* The one thing that CPU hotplug may do to an update. */
static bool refused_for_offline_cpu(void)
{
	return options.hotplug && tdx_update_has_sync() &&
	       !strcmp(tdx_host_read("update_result"), "refused:preflight:cpu-offline");
}

static void update_module(void)
{
	char error[TDX_UPDATE_VALUE_SIZE];
	u64 start = monotonic_ms(), took;

	snprintf(error, sizeof(error), "%s", tdx_update(tdx_update_next_image()));
	took = monotonic_ms() - start;
	if (took > counts->longest_update_ms)
		counts->longest_update_ms = took;

	if (!error[0]) {
		count(&counts->updates);
	} else if (refused_for_offline_cpu()) {
		count(&counts->refused_updates);
	} else {
		report("update failed: %s\n", error);
		count(&counts->failed_updates);
	}
}

static void updater_main(void)
{
	bool log_full = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);

	/*
	 * Nothing else keeps two images apart that are written at the same time,
	 * and an update's error can be read until the next one begins.
	 */
	while (!stopped() && !log_full) {
		sem_wait(&counts->update_turn);
		log_full = !tdx_updates_left();
		if (log_full)
			report("no update is left\n");
		else if (!stopped() && update_is_due(counts->updates))
			update_module();
		sem_post(&counts->update_turn);
		usleep(1000);
	}

	_exit(0);
}

static int set_cpu_online(int cpu, bool online)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;

	r = write(fd, online ? "1" : "0", 1) == 1 ? 0 : -1;
	close(fd);
	return r;
}

static void hotplug_main(void)
{
	int cpu, nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	u64 deadline;

	prctl(PR_SET_PDEATHSIG, SIGKILL);

	while (!stopped()) {
		for (cpu = 1; cpu < nr_cpus && !stopped(); cpu++) {
			if (set_cpu_online(cpu, false))
				continue;

			/* It may have to wait for an update, but must come back. */
			deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;
			while (set_cpu_online(cpu, true)) {
				if (monotonic_ms() < deadline)
					continue;

				report("CPU %d stays offline: errno %d (%s)\n", cpu, errno,
				       strerror(errno));
				count(&counts->lost_cpus);
				break;
			}
			count(&counts->hotplugs);
			usleep(20000);
		}
	}

	_exit(0);
}

static pid_t start(void (*child_main)(void))
{
	pid_t pid = fork();

	TEST_ASSERT(pid >= 0, "fork()");
	if (!pid)
		child_main();
	return pid;
}

static void disturb_builders(pid_t *builders)
{
	unsigned int i = random() % options.builders;

	if (options.interrupts && !kill(builders[i], SIGUSR1))
		count(&counts->interrupts);

	if (options.kills && !(random() % 32)) {
		kill(builders[i], SIGKILL);
		waitpid(builders[i], NULL, 0);
		count(&counts->killed_builders);
		builders[i] = start(builder_main);
	}
}

/* Builders end only when told to; anything else is a failed assertion. */
static void check_builders(pid_t *builders)
{
	unsigned int i;
	int status;

	for (i = 0; i < options.builders; i++) {
		if (waitpid(builders[i], &status, WNOHANG) != builders[i])
			continue;

		report("builder ended with status 0x%x\n", status);
		count(&counts->failed_builds);
		builders[i] = start(builder_main);
	}
}

/* Updaters end on their own when the log of updates is full. */
static void check_updaters(pid_t *updaters)
{
	unsigned int i;
	int status;

	for (i = 0; i < options.updaters; i++) {
		if (!updaters[i] || waitpid(updaters[i], &status, WNOHANG) != updaters[i])
			continue;

		TEST_ASSERT(!status, "Updater ended with status 0x%x", status);
		updaters[i] = 0;
	}
}

static bool finished(u64 elapsed_ms)
{
	if (options.builds || options.updates)
		return READ_ONCE(counts->builds) >= options.builds &&
		       READ_ONCE(counts->updates) >= options.updates;

	return elapsed_ms >= options.seconds * 1000;
}

static void print_counts(const char *what, u64 elapsed_ms)
{
	ksft_print_msg("%s%lu.%lu s\n", what, elapsed_ms / 1000, elapsed_ms / 100 % 10);
	ksft_print_msg("    %u builds, %u wrong MRTDs, %u failed builds\n",
		       counts->builds, counts->wrong_mrtd, counts->failed_builds);
	ksft_print_msg("    %u updates, %u failed, %u refused, longest %u ms\n",
		       counts->updates, counts->failed_updates, counts->refused_updates,
		       counts->longest_update_ms);
}

static bool stress(void)
{
	pid_t builders[MAX_BUILDERS], updaters[MAX_UPDATERS], hotplug = 0;
	u64 begin = monotonic_ms(), elapsed = 0, next_print = 5000;
	bool done = false, timed_out = false;
	unsigned int i;

	for (i = 0; i < options.builders; i++)
		builders[i] = start(builder_main);
	for (i = 0; i < options.updaters; i++)
		updaters[i] = start(updater_main);
	if (options.hotplug)
		hotplug = start(hotplug_main);

	while (!done && !timed_out) {
		usleep(10000);
		disturb_builders(builders);
		check_builders(builders);
		check_updaters(updaters);

		elapsed = monotonic_ms() - begin;
		done = finished(elapsed);
		timed_out = !done && options.seconds && elapsed >= options.seconds * 1000;
		if (elapsed >= next_print) {
			print_counts("", elapsed);
			next_print += 5000;
		}
	}

	WRITE_ONCE(counts->stop, true);
	for (i = 0; i < options.builders; i++)
		waitpid(builders[i], NULL, 0);
	for (i = 0; i < options.updaters; i++) {
		if (updaters[i])
			waitpid(updaters[i], NULL, 0);
	}
	if (hotplug)
		waitpid(hotplug, NULL, 0);

	print_counts("total ", elapsed);
	if (options.interrupts || options.kills || options.hotplug)
		ksft_print_msg("%u interrupts, %u builders killed, %u CPUs off and on again\n",
			       counts->interrupts, counts->killed_builders, counts->hotplugs);
	if (timed_out)
		ksft_print_msg("not done after %u seconds\n", options.seconds);

	return !timed_out && !counts->lost_cpus;
}

static void help(const char *name)
{
	printf("usage: %s [-b BUILDERS] [-u UPDATERS] [-n BUILDS] [-m UPDATES] [-s SECONDS]\n"
	       "       [-p PAGES] [-H] [-S] [-K] [-- IMAGE...]\n"
	       "-b  number of processes that build TDs (default: 2)\n"
	       "-u  number of processes that update the module (default: 1)\n"
	       "-n  end after this many builds, and\n"
	       "-m  after this many updates, spread over the builds\n"
	       "-s  end after this time; fail, if -n or -m isn't reached (default: 10, or no limit)\n"
	       "-p  additional pages per TD (default: 2)\n"
	       "-H  bring CPUs down and up meanwhile\n"
	       "-S  interrupt builders by signals\n"
	       "-K  kill builders, and start others\n"
	       TDX_UPDATE_IMAGES_HELP TDX_UPDATES_HELP "\n", name);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int opt;

	while ((opt = getopt(argc, argv, "b:u:n:m:s:p:HSKh")) != -1) {
		switch (opt) {
		case 'b':
			options.builders = atoi_positive("Number of builders", optarg);
			break;
		case 'u':
			options.updaters = atoi_non_negative("Number of updaters", optarg);
			break;
		case 'n':
			options.builds = atoi_positive("Number of builds", optarg);
			break;
		case 'm':
			options.updates = atoi_positive("Number of updates", optarg);
			break;
		case 's':
			options.seconds = atoi_positive("Seconds", optarg);
			break;
		case 'p':
			options.extra_pages = atoi_non_negative("Number of pages", optarg);
			break;
		case 'H':
			options.hotplug = true;
			break;
		case 'S':
			options.interrupts = true;
			break;
		case 'K':
			options.kills = true;
			break;
		default:
			help(argv[0]);
		}
	}

	for (; optind < argc; optind++)
		tdx_update_add_image(argv[optind]);

	if (!options.seconds && !options.builds && !options.updates)
		options.seconds = 10;

	TEST_ASSERT(options.builders <= MAX_BUILDERS, "At most %d builders", MAX_BUILDERS);
	TEST_ASSERT(options.updaters <= MAX_UPDATERS, "At most %d updaters", MAX_UPDATERS);
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = interrupt };
	const char *why;
	bool done;

	parse_options(argc, argv);
	TEST_REQUIRE_TDX();
	__TEST_REQUIRE(tdx_update_allowed(&why), "%s", why);
	__TEST_REQUIRE(tdx_updates_left() >= (options.updates ?: 1),
		       "Not so many updates are left: raise " TDX_UPDATES_ENV ", or reboot");

	ksft_print_header();
	ksft_set_plan(3);

	counts = kvm_mmap(sizeof(*counts), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1);
	TEST_ASSERT(!sem_init(&counts->update_turn, 1, 1), "sem_init()");

	/* Before there are builders to interrupt; no SA_RESTART. */
	sigaction(SIGUSR1, &action, NULL);
	done = stress();

	ksft_test_result(done && counts->builds && !counts->wrong_mrtd &&
			 !counts->failed_builds,
			 "each TD was built, with the right MRTD\n");
	ksft_test_result((counts->updates || !options.updaters) && !counts->failed_updates,
			 "no update failed\n");
	if (tdx_update_has_sync())
		ksft_test_result(tdx_host_wait_for("builds_in_flight", "0",
						   TDX_UPDATE_TIMEOUT_MS),
				 "no build is left over\n");
	else
		ksft_test_result_skip("kernel does not count builds\n");

	ksft_finished();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload obey: a TD of two vCPUs that do what is ordered, one line of standard input each:
 *
 *	accept V PAGE	accept-2m V PAGE	fill V PAGE	check V PAGE
 *	zero V PAGE	touch V PAGE		vCPU V's own doing, see td_program.h
 *	prefault V PAGE	its VMM maps the page for it: KVM_PRE_FAULT_MEMORY
 *	shared PAGE	private PAGE		the VMM takes a page, or is ready to give it
 *	pause V		go V	a vCPU is not entered again after a fault that its VMM has to mend
 *
 * Each line is answered by one: "vcpu V done VALUE", "vcpu V faults" (and it does so again and
 * again), "vcpu V paused", "memory done", or "... failed ...". An order to who is not done with
 * the last one waits. vCPU V has CPU V + 1; who takes and gives memory has CPU 2.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "td.h"
#include "tdload.h"

#define VCPUS		2
#define MEMORY		VCPUS	/* the thread that takes and gives memory */
#define MEMORY_CPU	2

/* Orders that are the VMM's own. */
enum { ORDER_PREFAULT = TD_ORDER_TOUCH + 1, ORDER_SHARED, ORDER_PRIVATE };

static const struct {
	const char *name;
	unsigned int order;
} orders[] = {
	{ "accept", TD_ORDER_ACCEPT },
	{ "accept-2m", TD_ORDER_ACCEPT_2M },
	{ "fill", TD_ORDER_FILL },
	{ "check", TD_ORDER_CHECK },
	{ "zero", TD_ORDER_ZERO },
	{ "touch", TD_ORDER_TOUCH },
	{ "prefault", ORDER_PREFAULT },
	{ "shared", ORDER_SHARED },
	{ "private", ORDER_PRIVATE },
};

static struct td td;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	bool has_order, paused, failed;
	unsigned int order, page;
} workers[VCPUS + 1];			/* under the lock */

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %u", cpu);
}

static void next_order(unsigned int i, unsigned int *order, unsigned int *page)
{
	pthread_mutex_lock(&lock);
	while (!workers[i].has_order)
		pthread_cond_wait(&changed, &lock);
	*order = workers[i].order;
	*page = workers[i].page;
	workers[i].has_order = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void give_order(unsigned int i, unsigned int order, unsigned int page)
{
	pthread_mutex_lock(&lock);
	while (workers[i].has_order)
		pthread_cond_wait(&changed, &lock);
	workers[i].order = order;
	workers[i].page = page;
	workers[i].has_order = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void set_paused(unsigned int i, bool paused)
{
	pthread_mutex_lock(&lock);
	workers[i].paused = paused;
	if (workers[i].failed)
		printf("vcpu %u failed before\n", i);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void set_failed(unsigned int i)
{
	pthread_mutex_lock(&lock);
	workers[i].failed = true;
	pthread_mutex_unlock(&lock);
}

/* Between two entries of a vCPU that faults. */
static void pause_here(unsigned int i)
{
	pthread_mutex_lock(&lock);
	if (workers[i].paused)
		printf("vcpu %u paused\n", i);
	while (workers[i].paused)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void prefault(unsigned int i, unsigned int page)
{
	struct kvm_pre_fault_memory range = {
		.gpa = TD_LATE_GPA + page * (uint64_t)TD_PAGE_SIZE,
		.size = TD_PAGE_SIZE,
	};
	int ret;

	do {
		ret = ioctl(td.vcpu[i], KVM_PRE_FAULT_MEMORY, &range);
	} while (ret && errno == EINTR);
	if (ret)
		printf("vcpu %u failed errno=%d prefault\n", i, errno);
	else
		printf("vcpu %u done 0\n", i);
}

/* The TD asks for an order: those that are the VMM's own come before it. */
static uint32_t order_for_td(unsigned int i)
{
	unsigned int order, page;

	for (;;) {
		next_order(i, &order, &page);
		if (order != ORDER_PREFAULT)
			return order << TD_ORDER_SHIFT | page;
		prefault(i, page);
	}
}

/* What @run says; false when the TD cannot go on. */
static bool handle_exit(unsigned int i, struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t value;

	if (run->exit_reason != KVM_EXIT_IO || run->io.size != sizeof(value))
		return false;
	if (run->io.direction == KVM_EXIT_IO_IN) {
		value = order_for_td(i);
		memcpy(data, &value, sizeof(value));
	} else {
		memcpy(&value, data, sizeof(value));
		printf("vcpu %u done %#x\n", i, value);
	}
	return true;
}

static void *run_vcpu(void *argument)
{
	unsigned int i = (uintptr_t)argument, order, page;
	struct kvm_run *run = td.run[i];
	bool faults = false, well = true;

	pin(i + 1);
	while (well) {
		if (!ioctl(td.vcpu[i], KVM_RUN, 0)) {
			faults = false;
			well = handle_exit(i, run);
		} else if (errno == EFAULT && run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
			if (!faults)
				printf("vcpu %u faults\n", i);
			faults = true;
			pause_here(i);
		} else {
			well = errno == EINTR;
		}
	}
	printf("vcpu %u failed errno=%d exit=%u\n", i, errno, run->exit_reason);
	set_failed(i);
	for (;;) {
		next_order(i, &order, &page);
		printf("vcpu %u failed before\n", i);
	}
	return NULL;
}

static void *change_memory(void *argument)
{
	struct kvm_memory_attributes attributes = { .size = TD_PAGE_SIZE };
	unsigned int order, page;

	(void)argument;
	pin(MEMORY_CPU);
	for (;;) {
		next_order(MEMORY, &order, &page);
		attributes.address = TD_LATE_GPA + page * (uint64_t)TD_PAGE_SIZE;
		attributes.attributes = order == ORDER_PRIVATE ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
		if (ioctl(td.vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes))
			printf("memory failed errno=%d\n", errno);
		else
			printf("memory done\n");
	}
	return NULL;
}

/* False for a line that is none of the above. */
static bool obey_line(const char *line)
{
	unsigned int vcpu, page;
	char name[16];
	int words = sscanf(line, "%15s %u %u", name, &vcpu, &page);

	if (words == 2 && vcpu < VCPUS && (!strcmp(name, "pause") || !strcmp(name, "go"))) {
		set_paused(vcpu, *name == 'p');
		return true;
	}
	for (unsigned int i = 0; words >= 2 && i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(name, orders[i].name))
			continue;
		if (words == 2 && orders[i].order >= ORDER_SHARED)
			give_order(MEMORY, orders[i].order, vcpu);
		else if (words == 3 && orders[i].order < ORDER_SHARED && vcpu < VCPUS)
			give_order(vcpu, orders[i].order, page);
		else
			return false;
		return true;
	}
	return false;
}

int load_obey(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pages", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct td_options options = {
		.vcpus = VCPUS, .late_pages = 2048, .argument = TD_MODE_OBEY,
	};
	char line[64];
	int option, ret;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 'p')
			return 2;
		options.late_pages = number(optarg);
	}
	if (optind != argc || !options.late_pages || options.late_pages > TD_ORDER_PAGE)
		die("obey: [--pages N] <ORDERS");

	ret = td_build(&td, &options);
	if (ret)
		die("%s: %s, status %#lx", td.step, strerror(-ret), td.hw_error);
	for (uintptr_t i = 0; i < VCPUS + 1; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, i == MEMORY ? change_memory : run_vcpu, (void *)i))
			die("pthread_create");
	}
	printf("obey begins\n");
	while (fgets(line, sizeof(line), stdin))
		if (!obey_line(line))
			die("obey: no such order: %s", line);
	printf("obey ends\n");
	/* The threads are inside KVM: the TD ends with the process. */
	exit(0);
}

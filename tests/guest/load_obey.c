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
 * again), "vcpu V paused", "memory done", or "... failed ...". Only a vCPU that faults can be
 * paused. An order to who is not done with the last one waits. vCPU V has CPU V + 1; who takes
 * and gives memory has CPU 2.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "td.h"
#include "tdload.h"

#define VCPUS	   2
#define MEMORY	   VCPUS /* the thread that takes and gives memory */
#define MEMORY_CPU 2

/* Orders that are the VMM's own. */
enum { ORDER_PREFAULT = TD_ORDER_TOUCH + 1, ORDER_SHARED, ORDER_PRIVATE };

/* clang-format off */
static const struct {
	const char *name;
	unsigned int what;
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
/* clang-format on */

static struct td td;

struct order {
	unsigned int what, page;
};

/*
 * Threads share no lock: one of them may be kept from its CPU for long, by another one that is
 * held in a SEAMCALL there, and must not have what a third one waits for.
 */
static struct {
	int orders[2], go[2]; /* pipes */
	bool paused, failed;  /* atomic */
} workers[VCPUS + 1];

static void __attribute__((format(printf, 1, 2))) answer(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(STDOUT_FILENO, format, args);
	va_end(args);
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %u", cpu);
}

static struct order next_order(unsigned int i)
{
	struct order order;

	if (read(workers[i].orders[0], &order, sizeof(order)) != sizeof(order))
		die("a pipe: %s", strerror(errno));
	return order;
}

static void give_order(unsigned int i, unsigned int what, unsigned int page)
{
	const struct order order = { what, page };

	if (write(workers[i].orders[1], &order, sizeof(order)) != sizeof(order))
		die("a pipe: %s", strerror(errno));
}

static void set_paused(unsigned int i, bool paused)
{
	__atomic_store_n(&workers[i].paused, paused, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&workers[i].failed, __ATOMIC_SEQ_CST))
		answer("vcpu %u failed before\n", i);
	else if (!paused && write(workers[i].go[1], "", 1) != 1)
		die("a pipe: %s", strerror(errno));
}

/* Between two entries of a vCPU that faults. */
static void pause_here(unsigned int i)
{
	char byte;

	if (!__atomic_load_n(&workers[i].paused, __ATOMIC_SEQ_CST))
		return;
	answer("vcpu %u paused\n", i);
	if (read(workers[i].go[0], &byte, 1) != 1)
		die("a pipe: %s", strerror(errno));
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
		answer("vcpu %u failed errno=%d prefault\n", i, errno);
	else
		answer("vcpu %u done 0\n", i);
}

/* The TD asks for an order: those that are the VMM's own come before it. */
static uint32_t order_for_td(unsigned int i)
{
	struct order order;

	for (;;) {
		order = next_order(i);
		if (order.what != ORDER_PREFAULT)
			return order.what << TD_ORDER_SHIFT | order.page;
		prefault(i, order.page);
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
		answer("vcpu %u done %#x\n", i, value);
	}
	return true;
}

static void *run_vcpu(void *argument)
{
	unsigned int i = (uintptr_t)argument;
	struct kvm_run *run = td.run[i];
	bool faults = false, well = true;

	pin(i + 1);
	while (well) {
		if (!ioctl(td.vcpu[i], KVM_RUN, 0)) {
			faults = false;
			well = handle_exit(i, run);
		} else if (errno == EFAULT && run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
			if (!faults)
				answer("vcpu %u faults\n", i);
			faults = true;
			pause_here(i);
		} else {
			well = errno == EINTR;
		}
	}
	answer("vcpu %u failed errno=%d exit=%u\n", i, errno, run->exit_reason);
	__atomic_store_n(&workers[i].failed, true, __ATOMIC_SEQ_CST);
	for (;;) {
		next_order(i);
		answer("vcpu %u failed before\n", i);
	}
	return NULL;
}

static void *change_memory(void *argument)
{
	struct kvm_memory_attributes attributes = { .size = TD_PAGE_SIZE };
	struct order order;

	(void)argument;
	pin(MEMORY_CPU);
	for (;;) {
		order = next_order(MEMORY);
		attributes.address = TD_LATE_GPA + order.page * (uint64_t)TD_PAGE_SIZE;
		attributes.attributes = order.what == ORDER_PRIVATE ? KVM_MEMORY_ATTRIBUTE_PRIVATE :
								      0;
		if (ioctl(td.vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes))
			answer("memory failed errno=%d\n", errno);
		else
			answer("memory done\n");
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
		if (words == 2 && orders[i].what >= ORDER_SHARED)
			give_order(MEMORY, orders[i].what, vcpu);
		else if (words == 3 && orders[i].what < ORDER_SHARED && vcpu < VCPUS)
			give_order(vcpu, orders[i].what, page);
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
		.vcpus = VCPUS,
		.late_pages = 2048,
		.argument = TD_MODE_OBEY,
	};
	pthread_attr_t attributes;
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
	/* Nor must a thread need a page that is flushed from the TLB of a CPU that is held. */
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall: %s", strerror(errno));
	for (uintptr_t i = 0; i < VCPUS + 1; i++) {
		pthread_t thread;

		if (pipe(workers[i].orders) || pipe(workers[i].go))
			die("pipe: %s", strerror(errno));
		if (pthread_create(&thread, &attributes, i == MEMORY ? change_memory : run_vcpu,
				   (void *)i))
			die("pthread_create");
	}
	answer("obey begins\n");
	while (fgets(line, sizeof(line), stdin))
		if (!obey_line(line))
			die("obey: no such order: %s", line);
	answer("obey ends\n");
	/* The threads are inside KVM: the TD ends with the process. */
	exit(0);
}

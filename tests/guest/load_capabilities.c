// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload capabilities: updates while KVM_TDX_CAPABILITIES waits for its own caller.
 *
 * The caller's buffer lies in a file of which all pages are being taken away. A page
 * fault there does not return before that is over, which takes the longer the larger
 * the file is. Is an update over while the call still waits there? That can not be if
 * the call holds updates off, and is so sooner or later if it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "td.h"
#include "tdload.h"

#define PAGE_FAULT   "shmem_" /* what the call waits in, by /proc's wchan */
#define MAX_CPUIDS   256
#define CPUID_OFFSET offsetof(struct kvm_tdx_capabilities, cpuid)
#define CAPABILITIES_SIZE \
	(sizeof(struct kvm_tdx_capabilities) + MAX_CPUIDS * sizeof(struct kvm_cpuid_entry2))

static struct {
	unsigned int rounds, megabytes;
} options = { .rounds = 16, .megabytes = 1024 };

static int vm, file;
static off_t size;
static uint8_t *page; /* the file's first page, and memory behind it */
static _Atomic(struct kvm_tdx_capabilities *) buffer;
static atomic_uint begun, ended; /* calls */
static atomic_bool punched;
static pid_t caller;

/*
 * Where in the call the fault is. With all of the buffer in the page it is when the
 * call reads how many entries there is room for, none, and nothing is written. With
 * only what is before that number it is when the answer is written.
 */
static void place_buffer(bool write)
{
	unsigned int last;

	buffer = (void *)(write ? page + TD_PAGE_SIZE - CPUID_OFFSET : page);
	/* The call that is under way, and one that is about to begin, have the old one. */
	for (last = begun + 2; begun < last;)
		sched_yield();
}

static bool writes(const struct kvm_tdx_capabilities *capabilities)
{
	return (const uint8_t *)capabilities != page;
}

static void *call(void *argument)
{
	(void)argument;
	caller = syscall(SYS_gettid);
	while (!stopped) {
		struct kvm_tdx_capabilities *capabilities = buffer;
		struct kvm_tdx_cmd command = {
			.id = KVM_TDX_CAPABILITIES,
			.data = (uint64_t)capabilities,
		};
		int ret;

		if (writes(capabilities))
			capabilities->cpuid.nent = MAX_CPUIDS;
		begun++;
		ret = ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &command);
		ended++;
		if (ret && (writes(capabilities) || errno != E2BIG))
			die("KVM_TDX_CAPABILITIES: %s", strerror(errno));
	}
	return NULL;
}

static void *punch(void *argument)
{
	(void)argument;
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size))
		die("fallocate: %s", strerror(errno));
	punched = true;
	return NULL;
}

static bool call_waits(void)
{
	char path[64], where[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", caller);
	return !read_sysfs(path, where, sizeof(where)) &&
	       !strncmp(where, PAGE_FAULT, strlen(PAGE_FAULT));
}

static void map_buffer(void)
{
	/* The buffer and half of a page, whichever way it is placed. */
	size_t length = 2 * TD_PAGE_SIZE + CAPABILITIES_SIZE;

	size = (off_t)options.megabytes << 20;
	file = memfd_create("slow", MFD_CLOEXEC);
	page = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file < 0 || ftruncate(file, size) || page == MAP_FAILED ||
	    mmap(page, TD_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) ==
		    MAP_FAILED)
		die("%d MiB of memory: %s", options.megabytes, strerror(errno));
	buffer = (void *)page;
}

/* Returns whether the update was over while the call still waited. */
static bool round_of(const char *image, unsigned int n)
{
	bool write = n % 2, waited = false, overtaken = false;
	struct update_result result = { 0 };
	uint64_t start;
	unsigned int which = 0;
	pthread_t puncher;

	if (fallocate(file, 0, 0, size))
		die("fallocate: %s", strerror(errno));
	place_buffer(write);
	punched = false;
	start = now_us();
	pthread_create(&puncher, NULL, punch, NULL);
	while (!punched && !waited) {
		which = begun;
		waited = which != ended && call_waits();
	}
	if (waited) {
		update_module(image, &result);
		overtaken = call_waits() && which == begun && which != ended;
	}
	pthread_join(puncher, NULL);
	printf("capabilities fault=%s waited=%d overtaken=%d error=%s update_us=%lu punch_us=%lu\n",
	       write ? "write" : "read", waited, overtaken, result.error[0] ? result.error : "none",
	       result.duration_us, now_us() - start);
	return overtaken;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = { { "rounds", required_argument, NULL, 'r' },
					       { "megabytes", required_argument, NULL, 'm' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (c) {
			/* clang-format off */
		case 'r': options.rounds = number(optarg); break;
		case 'm': options.megabytes = number(optarg); break;
		default: exit(2);
			/* clang-format on */
		}
	}
	if (optind == argc)
		die("capabilities: no image given");
}

int load_capabilities(int argc, char **argv)
{
	unsigned int overtaken[2] = { 0 };
	pthread_t thread;
	const char *reason;
	int kvm;

	parse(argc, argv);
	if (!td_supported(&reason))
		die("%s", reason);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, KVM_X86_TDX_VM);
	if (vm < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
	map_buffer();
	pthread_create(&thread, NULL, call, NULL);
	for (unsigned int i = 0; i < options.rounds && !(overtaken[0] && overtaken[1]); i++)
		overtaken[i % 2] += round_of(argv[optind + i % (argc - optind)], i);
	stopped = 1;
	pthread_join(thread, NULL);
	printf("capabilities calls=%u overtaken_read=%u overtaken_write=%u\n", ended, overtaken[0],
	       overtaken[1]);
	return !overtaken[0] || !overtaken[1];
}

// SPDX-License-Identifier: GPL-2.0-only
/* TDs by the raw KVM interface. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "td.h"

#define TD_ATTR_SEPT_VE_DISABLE (1ULL << 28)
#define TD_XFAM			0x3 /* x87 and SSE, which no TD is without */
#define GPA_BITS		48
#define CPUID_ADDRESS_SIZES	0x80000008
#define CPUID_X2APIC		(1 << 21) /* leaf 1, ECX */
#define EXTRA_GPA		0x100000
#define IRQCHIP_PINS		24

extern const uint8_t td_image[], td_image_end[];

/* Content of the extra pages: each differs, so that a swap is measured too. */
static _Thread_local uint8_t extra_page[TD_PAGE_SIZE] __attribute__((aligned(TD_PAGE_SIZE)));

static int failed(struct td *td, const char *step)
{
	td->step = step;
	return -errno;
}

static int tdx_command(struct td *td, int fd, const char *name, unsigned int id, unsigned int flags,
		       uint64_t data)
{
	struct kvm_tdx_cmd command = { .id = id, .flags = flags, .data = data };

	if (!ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &command))
		return 0;
	td->hw_error = command.hw_error;
	return failed(td, name);
}

bool td_supported(const char **reason)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int types;

	if (kvm < 0) {
		*reason = "no /dev/kvm";
		return false;
	}
	types = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	close(kvm);
	*reason = "KVM offers no TDs (kvm_intel.tdx=1, and see dmesg)";
	return types > 0 && types & 1 << KVM_X86_TDX_VM;
}

static int add_memory_slot(struct td *td, unsigned int slot, uint64_t gpa, uint64_t size,
			   uint64_t offset)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.guest_memfd = td->memory,
		.guest_memfd_offset = offset,
	};
	struct kvm_memory_attributes private = {
		.address = gpa,
		.size = size,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};
	/* Never touched: all of the range stays private. */
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED)
		return failed(td, "mmap");
	td->shared[slot].address = shared;
	td->shared[slot].size = size;
	region.userspace_addr = (uint64_t)shared;
	if (ioctl(td->vm, KVM_SET_USER_MEMORY_REGION2, &region))
		return failed(td, "KVM_SET_USER_MEMORY_REGION2");
	if (ioctl(td->vm, KVM_SET_MEMORY_ATTRIBUTES, &private))
		return failed(td, "KVM_SET_MEMORY_ATTRIBUTES");
	return 0;
}

int td_open(struct td *td, const struct td_options *options)
{
	uint64_t program = TD_PROGRAM_PAGES * TD_PAGE_SIZE;
	uint64_t extra = options->extra_pages * (uint64_t)TD_PAGE_SIZE;
	uint64_t late = options->late_pages * (uint64_t)TD_PAGE_SIZE;
	struct kvm_create_guest_memfd memory = { .size = program + extra + late };
	struct kvm_enable_cap irqchip = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args = { IRQCHIP_PINS },
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int ret;

	*td = (struct td){ .options = *options, .vm = -1, .memory = -1 };
	for (int i = 0; i < TD_MAX_VCPUS; i++)
		td->vcpu[i] = -1;
	if (kvm < 0)
		return failed(td, "/dev/kvm");
	td->vm = ioctl(kvm, KVM_CREATE_VM, KVM_X86_TDX_VM);
	td->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	close(kvm);
	if (td->vm < 0)
		return failed(td, "KVM_CREATE_VM");
	if (ioctl(td->vm, KVM_ENABLE_CAP, &irqchip))
		return failed(td, "KVM_CAP_SPLIT_IRQCHIP");
	td->memory = ioctl(td->vm, KVM_CREATE_GUEST_MEMFD, &memory);
	if (td->memory < 0)
		return failed(td, "KVM_CREATE_GUEST_MEMFD");
	ret = add_memory_slot(td, 0, TD_PROGRAM_GPA, program, 0);
	if (!ret && extra)
		ret = add_memory_slot(td, 1, EXTRA_GPA, extra, program);
	if (!ret && late)
		ret = add_memory_slot(td, 2, TD_LATE_GPA, late, program + extra);
	return ret;
}

static int init_vcpu(struct td *td, unsigned int i)
{
	/* As TDs are only: with an x2APIC, which KVM wants to be told. */
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[2];
	} cpuid = {
		.header.nent = 2,
		.entries = {
			{ .function = 1, .ecx = CPUID_X2APIC },
			{ .function = CPUID_ADDRESS_SIZES,
			  .eax = GPA_BITS << 16 | GPA_BITS },
		},
	};
	cpu_set_t before, here;
	int ret;

	td->vcpu[i] = ioctl(td->vm, KVM_CREATE_VCPU, i);
	if (td->vcpu[i] < 0)
		return failed(td, "KVM_CREATE_VCPU");
	td->run[i] = mmap(NULL, td->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, td->vcpu[i], 0);
	if (td->run[i] == MAP_FAILED) {
		td->run[i] = NULL;
		return failed(td, "mmap of a vCPU");
	}
	if (ioctl(td->vcpu[i], KVM_SET_CPUID2, &cpuid))
		return failed(td, "KVM_SET_CPUID2");
	/*
	 * Linux 7.3 does not know yet that the vCPU is bound to this CPU if the
	 * task moves to another one in the middle of this.
	 */
	sched_getaffinity(0, sizeof(before), &before);
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
	ret = tdx_command(td, td->vcpu[i], "KVM_TDX_INIT_VCPU", KVM_TDX_INIT_VCPU, 0,
			  td->options.argument);
	sched_setaffinity(0, sizeof(before), &before);
	return ret;
}

int td_init(struct td *td)
{
	struct {
		struct kvm_tdx_init_vm vm;
		struct kvm_cpuid_entry2 entries[1];
	} init = {
		.vm = {
			.attributes = TD_ATTR_SEPT_VE_DISABLE,
			.xfam = TD_XFAM,
			.cpuid.nent = 1,
		},
		.entries = { {
			.function = CPUID_ADDRESS_SIZES,
			.eax = GPA_BITS << 16 | GPA_BITS,
		} },
	};
	int ret = tdx_command(td, td->vm, "KVM_TDX_INIT_VM", KVM_TDX_INIT_VM, 0, (uint64_t)&init);

	for (unsigned int i = 0; !ret && i < td->options.vcpus; i++)
		ret = init_vcpu(td, i);
	return ret;
}

unsigned int td_num_pages(const struct td *td)
{
	return TD_PROGRAM_PAGES + td->options.extra_pages;
}

/* The nth page in the order in which they are added and measured. */
static const uint8_t *page(unsigned int n, uint64_t *gpa)
{
	if (n < TD_PROGRAM_PAGES) {
		*gpa = TD_PROGRAM_GPA + n * TD_PAGE_SIZE;
		return td_image + n * TD_PAGE_SIZE;
	}
	*gpa = EXTRA_GPA + (n - TD_PROGRAM_PAGES) * TD_PAGE_SIZE;
	memset(extra_page, n, TD_PAGE_SIZE);
	return extra_page;
}

int td_add_page_by(struct td *td, unsigned int vcpu, unsigned int n)
{
	struct kvm_tdx_init_mem_region region = { .nr_pages = 1 };

	region.source_addr = (uint64_t)page(n, (uint64_t *)&region.gpa);
	return tdx_command(td, td->vcpu[vcpu], "KVM_TDX_INIT_MEM_REGION", KVM_TDX_INIT_MEM_REGION,
			   KVM_TDX_MEASURE_MEMORY_REGION, (uint64_t)&region);
}

int td_add_page(struct td *td)
{
	int ret = td_add_page_by(td, 0, td->pages_added);

	if (!ret)
		td->pages_added++;
	return ret;
}

int td_finalize(struct td *td)
{
	return tdx_command(td, td->vm, "KVM_TDX_FINALIZE_VM", KVM_TDX_FINALIZE_VM, 0, 0);
}

int td_build(struct td *td, const struct td_options *options)
{
	int ret = td_open(td, options);

	if (!ret)
		ret = td_init(td);
	while (!ret && td->pages_added < td_num_pages(td))
		ret = td_add_page(td);
	return ret ? ret : td_finalize(td);
}

int td_run(struct td *td, unsigned int vcpu, struct td_event *event)
{
	struct kvm_run *run = td->run[vcpu];
	static char what[64];

	if (ioctl(td->vcpu[vcpu], KVM_RUN, 0))
		return failed(td, "KVM_RUN");
	if (run->exit_reason == KVM_EXIT_FAIL_ENTRY) {
		td->step = "KVM_EXIT_FAIL_ENTRY";
		td->hw_error = run->fail_entry.hardware_entry_failure_reason;
		return -EAGAIN;
	}
	if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT) {
		snprintf(what, sizeof(what), "KVM_RUN with exit reason %u", run->exit_reason);
		td->step = what;
		return -EPROTO;
	}
	event->port = run->io.port;
	event->value = 0;
	memcpy(&event->value, (uint8_t *)run + run->io.data_offset, run->io.size);
	return 0;
}

int td_read_mrtd(struct td *td, uint8_t mrtd[MRTD_SIZE])
{
	unsigned int have = 0;
	struct td_event event;

	for (;;) {
		int ret = td_run(td, 0, &event);

		if (ret == -EINTR)
			continue;
		if (ret)
			return ret;
		if (event.port == TD_PORT_MRTD && have < MRTD_SIZE) {
			memcpy(mrtd + have, &event.value, sizeof(event.value));
			have += sizeof(event.value);
		} else if (event.port == TD_PORT_DONE && have == MRTD_SIZE) {
			return 0;
		} else {
			td->step = "TDREPORT";
			td->hw_error = (uint64_t)event.value << 32;
			return -EPROTO;
		}
	}
}

#define MEASURE_BLOCK 128
#define EXTEND_CHUNK  256

/* What TDH.MEM.PAGE.ADD and TDH.MR.EXTEND put into the hash before any content. */
static void measure_block(struct sha384_ctx *hash, const char *name, uint64_t gpa)
{
	uint8_t block[MEASURE_BLOCK] = { 0 };

	memcpy(block, name, strlen(name));
	memcpy(block + 16, &gpa, sizeof(gpa));
	sha384_update(hash, sizeof(block), block);
}

void td_expected_mrtd(const struct td_options *options, uint8_t mrtd[MRTD_SIZE])
{
	struct sha384_ctx hash;
	uint64_t gpa;

	sha384_init(&hash);
	for (unsigned int n = 0; n < TD_PROGRAM_PAGES + options->extra_pages; n++) {
		const uint8_t *content = page(n, &gpa);

		measure_block(&hash, "MEM.PAGE.ADD", gpa);
		for (int at = 0; at < TD_PAGE_SIZE; at += EXTEND_CHUNK) {
			measure_block(&hash, "MR.EXTEND", gpa + at);
			sha384_update(&hash, EXTEND_CHUNK, content + at);
		}
	}
	sha384_digest(&hash, MRTD_SIZE, mrtd);
}

void td_close(struct td *td)
{
	/* A mapping of a vCPU holds the VM as well as its file does. */
	for (int i = 0; i < TD_MAX_VCPUS; i++) {
		if (td->run[i])
			munmap(td->run[i], td->run_size);
		if (td->vcpu[i] >= 0)
			close(td->vcpu[i]);
	}
	if (td->memory >= 0)
		close(td->memory);
	if (td->vm >= 0)
		close(td->vm);
	for (int i = 0; i < 3; i++)
		if (td->shared[i].address)
			munmap(td->shared[i].address, td->shared[i].size);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload fault: a TD that is given memory while it runs, in one of two ways: the TD
 * accepts pages that it does not have yet, or KVM_PRE_FAULT_MEMORY maps them before.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "td.h"
#include "tdload.h"

static int prefault(struct td *td)
{
	struct kvm_pre_fault_memory range = {
		.gpa = TD_LATE_GPA,
		.size = td->options.late_pages * (uint64_t)TD_PAGE_SIZE,
	};

	while (range.size)
		if (ioctl(td->vcpu[0], KVM_PRE_FAULT_MEMORY, &range)) {
			td->step = "KVM_PRE_FAULT_MEMORY";
			return -errno;
		}
	return 0;
}

int load_fault(int argc, char **argv)
{
	struct td_options options = {
		.vcpus = 1,
		.late_pages = 8,
		.argument = TD_MODE_ACCEPT,
	};
	const char *how = argc > 1 ? argv[1] : "";
	struct td_event event;
	struct td td;
	int ret;

	if (strcmp(how, "prefault") && strcmp(how, "accept"))
		die("fault: prefault or accept");
	options.argument |= (uint64_t)options.late_pages << TD_STEPS_SHIFT;
	ret = td_build(&td, &options);
	if (ret)
		die("%s: %s, status %#lx", td.step, strerror(-ret), td.hw_error);
	printf("fault begins\n");
	ret = strcmp(how, "prefault") ? 0 : prefault(&td);
	while (!ret) {
		ret = td_run(&td, 0, &event);
		if (!ret && event.port == TD_PORT_DONE) {
			printf("fault accepted=%u\n", event.value);
			ret = event.value == options.late_pages ? 0 : -EPROTO;
			break;
		}
	}
	if (ret)
		printf("fault failed step=%s errno=%d status=%#lx\n", td.step, -ret, td.hw_error);
	td_close(&td);
	return !!ret;
}

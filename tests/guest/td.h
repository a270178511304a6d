/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs by the raw KVM interface: just what load and demonstration need.
 *
 * A build is open to its caller in steps, as the interest lies in what happens
 * between them: td_open(), td_init(), td_add_page() for each page, td_finalize().
 * Every function returns 0 or a negative errno; td->step and td->hw_error then
 * tell where and what the TDX module said.
 */
#ifndef TESTS_GUEST_TD_H
#define TESTS_GUEST_TD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "td_program.h"

#define MRTD_SIZE 48

struct kvm_run;

struct td_options {
	unsigned int vcpus;	  /* 1 to TD_MAX_VCPUS */
	unsigned int extra_pages; /* measured pages beside the program */
	unsigned int late_pages;  /* at TD_LATE_GPA, that the TD gets as it runs */
	uint64_t argument;	  /* for the program: TD_MODE_... */
};

struct td {
	struct td_options options;
	int vm, memory;
	int vcpu[TD_MAX_VCPUS];
	struct kvm_run *run[TD_MAX_VCPUS];
	size_t run_size;
	struct {
		void *address;
		size_t size;
	} shared[3]; /* the shared half of each memory slot */
	unsigned int pages_added;
	const char *step;
	uint64_t hw_error;
};

/* One port output of the program. */
struct td_event {
	unsigned int port;
	uint32_t value;
};

/* Is there a host that builds TDs? False with the reason otherwise. */
bool td_supported(const char **reason);

int td_open(struct td *td, const struct td_options *options);
int td_init(struct td *td);
unsigned int td_num_pages(const struct td *td);
int td_add_page(struct td *td);
/* The nth page, by a vCPU: several may do it at the same time, for different pages. */
int td_add_page_by(struct td *td, unsigned int vcpu, unsigned int n);
int td_finalize(struct td *td);

/* All of the above. */
int td_build(struct td *td, const struct td_options *options);

/*
 * Run until the next port output. -EINTR when a signal came, -EAGAIN while there is
 * no TDX module to run it: the vCPU goes on when there is one.
 */
int td_run(struct td *td, unsigned int vcpu, struct td_event *event);

/* Run a TD in probe mode to its end and take what its TDREPORT says. */
int td_read_mrtd(struct td *td, uint8_t mrtd[MRTD_SIZE]);

/* What the MRTD of a TD with these options must be. */
void td_expected_mrtd(const struct td_options *options, uint8_t mrtd[MRTD_SIZE]);

/* Any state, also a half-built one. */
void td_close(struct td *td);

#endif

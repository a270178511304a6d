// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload together: what vCPUs of one TD do at the same time, each in a thread of its own:
 * their VMM gives the TD its memory and measures it through all of them, then the TD takes
 * more as it runs, on all of them.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "td.h"
#include "tdload.h"

struct worker {
	pthread_t thread;
	struct td *td;
	unsigned int vcpu;
	int ret;
};

static pthread_barrier_t start;

/* Pages 0 to N - 1 are the program; behind it each vCPU has its share. */
static void *add_share(void *argument)
{
	struct worker *worker = argument;
	struct td *td = worker->td;
	unsigned int share = td->options.extra_pages / td->options.vcpus;
	unsigned int first = TD_PROGRAM_PAGES + worker->vcpu * share;

	pthread_barrier_wait(&start);
	for (unsigned int n = first; n < first + share && !worker->ret; n++)
		worker->ret = td_add_page_by(td, worker->vcpu, n);
	return NULL;
}

static void *accept_share(void *argument)
{
	struct worker *worker = argument;
	struct td *td = worker->td;
	unsigned int share = td->options.late_pages / td->options.vcpus;
	struct td_event event = { 0 };

	pthread_barrier_wait(&start);
	do {
		worker->ret = td_run(td, worker->vcpu, &event);
	} while (worker->ret == -EINTR);
	if (!worker->ret && (event.port != TD_PORT_DONE || event.value != share))
		worker->ret = -EPROTO;
	return NULL;
}

/* Each vCPU's thread does @work; returns the first error. */
static int together(struct td *td, const char *what, void *(*work)(void *))
{
	struct worker workers[TD_MAX_VCPUS] = { 0 };
	int ret = 0;

	pthread_barrier_init(&start, NULL, td->options.vcpus);
	for (unsigned int i = 0; i < td->options.vcpus; i++) {
		workers[i].td = td;
		workers[i].vcpu = i;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("pthread_create");
	}
	for (unsigned int i = 0; i < td->options.vcpus; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].ret)
			ret = workers[i].ret;
	}
	printf("together %s %s\n", what, ret ? "failed" : "done");
	return ret;
}

int load_together(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "vcpus", required_argument, NULL, 'v' },
		{ "pages", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct td_options options = { .vcpus = 2, .argument = TD_MODE_ACCEPT };
	unsigned int pages = 256;
	struct td td;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
			/* clang-format off */
		case 'v':	options.vcpus = number(optarg);	break;
		case 'p':	pages = number(optarg);		break;
		default:	return 2;
			/* clang-format on */
		}
	}
	if (optind != argc || !options.vcpus || options.vcpus > TD_MAX_VCPUS || !pages)
		die("together: [--vcpus 1 to %d] [--pages N]", TD_MAX_VCPUS);
	options.extra_pages = options.late_pages = options.vcpus * pages;
	options.argument |= (uint64_t)pages << TD_STEPS_SHIFT;

	ret = td_open(&td, &options);
	if (!ret)
		ret = td_init(&td);
	while (!ret && td.pages_added < TD_PROGRAM_PAGES)
		ret = td_add_page(&td);
	if (!ret)
		ret = together(&td, "build", add_share);
	if (!ret)
		ret = td_finalize(&td);
	if (!ret)
		ret = together(&td, "accept", accept_share);
	if (ret)
		printf("together failed step=%s errno=%d status=%#lx\n", td.step, -ret,
		       td.hw_error);
	td_close(&td);
	return !!ret;
}

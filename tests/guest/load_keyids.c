// SPDX-License-Identifier: GPL-2.0-only
/* tdload keyids: how many TDs can begin before the host has no KeyID left. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "td.h"
#include "tdload.h"

#define MAX_TDS 256

int load_keyids(int argc, char **argv)
{
	static const struct td_options options;
	static struct td td[MAX_TDS];
	unsigned int count = 0;
	int ret = 0;

	(void)argc;
	(void)argv;
	while (!ret && count < MAX_TDS) {
		ret = td_open(&td[count], &options);
		if (!ret)
			ret = td_init(&td[count]);
		count++;
	}
	if (ret != -ENOSPC)
		printf("keyids step=%s errno=%d\n", td[count - 1].step, -ret);
	printf("keyids free=%u\n", count - 1);
	for (unsigned int i = 0; i < count; i++)
		td_close(&td[i]);
	return ret != -ENOSPC;
}

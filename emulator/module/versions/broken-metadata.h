/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports other sizes than its predecessors: breaks hosts that keep the old ones. */
#include "1.5.06.h"

#define TDCS_PAGES		   7
#define MODULE_EXTRA_CPUID_CONFIGS 1

/* SPDX-License-Identifier: GPL-2.0-only */
/* Like 1.5.06, for other processors and with another major SVN: see images/catalog.py. */
#include "1.5.06.h"

#undef MODULE_NAME
#define MODULE_NAME "2.0.05"
#undef MODULE_MAJOR_VERSION
#define MODULE_MAJOR_VERSION 2
#undef MODULE_MINOR_VERSION
#define MODULE_MINOR_VERSION 0
#undef MODULE_UPDATE_VERSION
#define MODULE_UPDATE_VERSION 5
#undef MODULE_BUILD_NUMBER
#define MODULE_BUILD_NUMBER 863

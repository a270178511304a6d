/* SPDX-License-Identifier: GPL-2.0-only */
/* TDH.SYS.LP.INIT fails on one LP, the last one that the firmware enumerated. */
#include "1.5.06.h"

#define MODULE_FAULT_LP_INIT 1

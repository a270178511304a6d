/* SPDX-License-Identifier: GPL-2.0-only */
/* TDH.SYS.INIT fails. */
#include "1.5.06.h"

#define MODULE_FAULT_SYS_INIT 1

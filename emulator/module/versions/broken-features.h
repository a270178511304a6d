/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes over from 1.5.07, but lacks FEATURES0 bit 47: breaks hosts that rely on it. */
#include "1.5.07.h"

#undef MODULE_HAS_UPDATE_COMPATIBILITY
#define MODULE_HAS_UPDATE_COMPATIBILITY 0

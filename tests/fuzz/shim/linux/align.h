/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_ALIGN_H
#define SHIM_LINUX_ALIGN_H

#define IS_ALIGNED(x, alignment) (((x) & ((alignment) - 1)) == 0)

#endif

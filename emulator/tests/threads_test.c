// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several LPs in the TDX module at once, built with ThreadSanitizer: it knows of two
 * accesses that no lock orders even when they happen to come one after the other.
 */
#include "module_fixture.h"

int main(void)
{
	test_smp();
	return tap_finish();
}

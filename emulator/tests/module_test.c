// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDX module leaf by leaf: state machine, operands in the order of their
 * checks, and each status code. Versions of it replace each other here as they do
 * on the emulated host, but called as ordinary functions.
 */
#include "module_fixture.h"

int main(void)
{
	test_sys();
	test_tdmr();
	test_td();
	test_memory();
	test_vcpu();
	test_run();
	test_instructions();
	test_guest();
	test_update();
	test_operands();
	test_locks();
	test_smp();
	test_coverage();
	return tap_finish();
}

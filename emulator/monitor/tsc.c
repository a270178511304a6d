// SPDX-License-Identifier: GPL-2.0-only
/* Time: the time-stamp counter, calibrated against the ACPI power management timer. */
#include "lib.h"
#include "memory.h"

#define PM_TIMER_HZ		3579545UL
#define PM_TIMER_MASK		GENMASK(23, 0)

#define CALIBRATION_TICKS	(PM_TIMER_HZ / 100)
#define SAMPLE_ATTEMPTS		5

u64 tsc_khz;
static u64 tsc_start;
static u16 pm_timer_port;

/* The two counters at (almost) the same moment. */
struct sample {
	u64 tsc;
	u32 pm_timer;
};

/* The quickest of several attempts: in the others this machine may have been held up. */
static struct sample take_sample(void)
{
	struct sample best = { 0 };
	u64 best_duration = ~0UL;
	unsigned int i;

	for (i = 0; i < SAMPLE_ATTEMPTS; i++) {
		u64 begin = rdtsc();
		u32 pm_timer = inl(pm_timer_port);
		u64 duration = rdtsc() - begin;

		if (duration < best_duration) {
			best_duration = duration;
			best = (struct sample) { begin + duration / 2, pm_timer };
		}
	}
	return best;
}

/* The timer goes around in 4.7 seconds; nobody holds a machine up that long. */
void tsc_calibrate(void)
{
	struct sample first, last;
	u64 ticks;

	pm_timer_port = acpi_pm_timer_port();
	tsc_start = rdtsc();
	first = take_sample();
	do {
		last = take_sample();
		ticks = (last.pm_timer - first.pm_timer) & PM_TIMER_MASK;
	} while (ticks < CALIBRATION_TICKS);
	tsc_khz = (last.tsc - first.tsc) * PM_TIMER_HZ / 1000 / ticks;
}

u64 microseconds(void)
{
	return (rdtsc() - tsc_start) * 1000 / tsc_khz;
}

void delay_microseconds(u64 duration)
{
	u64 end = rdtsc() + duration * tsc_khz / 1000;

	while (rdtsc() < end)
		cpu_relax();
}

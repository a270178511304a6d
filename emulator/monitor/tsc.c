// SPDX-License-Identifier: GPL-2.0-only
/* Time: the time-stamp counter, calibrated against the ACPI power management timer. */
#include "lib.h"
#include "memory.h"

#define PM_TIMER_HZ   3579545UL
#define PM_TIMER_MASK GENMASK(23, 0)

#define CALIBRATION_TICKS (PM_TIMER_HZ / 100)
#define SAMPLE_ATTEMPTS	  5
/* Two measurements agree when they differ by less than 1 in this many. */
#define PRECISION	  1000

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
			best = (struct sample){ begin + duration / 2, pm_timer };
		}
	}
	return best;
}

static u64 measure_khz(void)
{
	struct sample first = take_sample(), last;
	u64 ticks;

	do {
		last = take_sample();
		ticks = (last.pm_timer - first.pm_timer) & PM_TIMER_MASK;
	} while (ticks < CALIBRATION_TICKS);
	return (last.tsc - first.tsc) * PM_TIMER_HZ / 1000 / ticks;
}

/*
 * The timer goes around in 4.7 seconds, and a busy machine may hold this one up at any
 * place for any time: a measurement that was disturbed agrees with no other.
 */
void tsc_calibrate(void)
{
	u64 last, difference;

	pm_timer_port = acpi_pm_timer_port();
	tsc_start = rdtsc();
	tsc_khz = measure_khz();
	do {
		last = tsc_khz;
		tsc_khz = measure_khz();
		difference = tsc_khz > last ? tsc_khz - last : last - tsc_khz;
	} while (difference > tsc_khz / PRECISION);
}

u64 microseconds(void)
{
	return (rdtsc() - tsc_start) * 1000 / tsc_khz;
}

u64 tsc_after(u64 duration)
{
	return rdtsc() + duration * tsc_khz / 1000;
}

void delay_microseconds(u64 duration)
{
	u64 end = tsc_after(duration);

	while (rdtsc() < end)
		cpu_relax();
}

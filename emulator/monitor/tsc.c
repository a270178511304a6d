// SPDX-License-Identifier: GPL-2.0-only
/* Time: the time-stamp counter, calibrated against the interval timer (i8254). */
#include "lib.h"

#define PIT_HZ			1193182UL
#define PIT_CHANNEL2		0x42
#define PIT_COMMAND		0x43
#define PIT_LATCH_CHANNEL2	0x80
#define PIT_CHANNEL2_COUNT	0xb0	/* channel 2, low and high byte, mode 0 */
#define PIT_GATE		0x61
#define PIT_GATE_CHANNEL2	0x01
#define PIT_GATE_SPEAKER	0x02

#define CALIBRATION_TICKS	(PIT_HZ / 100)
#define SAMPLE_ATTEMPTS		5

u64 tsc_khz;
static u64 tsc_start;

/* The two counters at (almost) the same moment. */
struct sample {
	u64 tsc;
	u16 pit;
};

static u16 read_pit(void)
{
	u8 low;

	outb(PIT_COMMAND, PIT_LATCH_CHANNEL2);
	low = inb(PIT_CHANNEL2);
	return low | inb(PIT_CHANNEL2) << 8;
}

/* The quickest of several attempts: in the others this machine may have been held up. */
static struct sample take_sample(void)
{
	struct sample best = { 0 };
	u64 best_duration = ~0UL;
	unsigned int i;

	for (i = 0; i < SAMPLE_ATTEMPTS; i++) {
		u64 begin = rdtsc();
		u16 pit = read_pit();
		u64 duration = rdtsc() - begin;

		if (duration < best_duration) {
			best_duration = duration;
			best = (struct sample) { begin + duration / 2, pit };
		}
	}
	return best;
}

void tsc_calibrate(void)
{
	u8 gate = inb(PIT_GATE);
	struct sample first, last;

	tsc_start = rdtsc();
	outb(PIT_GATE, (gate & ~PIT_GATE_SPEAKER) | PIT_GATE_CHANNEL2);
	outb(PIT_COMMAND, PIT_CHANNEL2_COUNT);
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
	first = take_sample();
	do {
		last = take_sample();
	} while (first.pit - last.pit < (int)CALIBRATION_TICKS);
	outb(PIT_GATE, gate);
	tsc_khz = (last.tsc - first.tsc) * PIT_HZ / 1000 / (first.pit - last.pit);
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

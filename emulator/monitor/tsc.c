// SPDX-License-Identifier: GPL-2.0-only
/* Time: the time-stamp counter, calibrated against the interval timer (i8254). */
#include "lib.h"

#define PIT_HZ			1193182
#define PIT_CHANNEL2		0x42
#define PIT_COMMAND		0x43
#define PIT_CHANNEL2_ONE_SHOT	0xb0	/* channel 2, low and high byte, mode 0 */
#define PIT_GATE		0x61
#define PIT_GATE_CHANNEL2	0x01
#define PIT_GATE_SPEAKER	0x02
#define PIT_GATE_OUTPUT		0x20

#define CALIBRATION_MS		10

u64 tsc_khz;
static u64 tsc_start;

void tsc_calibrate(void)
{
	u32 count = PIT_HZ * CALIBRATION_MS / 1000;
	u8 gate = inb(PIT_GATE);
	u64 begin;

	tsc_start = rdtsc();
	outb(PIT_GATE, (gate & ~PIT_GATE_SPEAKER) | PIT_GATE_CHANNEL2);
	outb(PIT_COMMAND, PIT_CHANNEL2_ONE_SHOT);
	outb(PIT_CHANNEL2, count & 0xff);
	outb(PIT_CHANNEL2, count >> 8);
	begin = rdtsc();
	while (!(inb(PIT_GATE) & PIT_GATE_OUTPUT))
		;
	tsc_khz = (rdtsc() - begin) / CALIBRATION_MS;
	outb(PIT_GATE, gate);
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

// SPDX-License-Identifier: GPL-2.0-only
/* ACPI: which processors the firmware enumerated, and where a timer is. */
#include "lib.h"
#include "memory.h"

#define BIOS_BASE 0xe0000UL
#define BIOS_END  0x100000UL

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
} __attribute__((packed));

struct sdt_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __attribute__((packed));

struct madt {
	struct sdt_header header;
	u32 local_apic;
	u32 flags;
	u8 entries[];
} __attribute__((packed));

struct madt_entry {
	u8 type;
	u8 length;
} __attribute__((packed));

#define MADT_LOCAL_APIC	   0
#define MADT_LOCAL_X2APIC  9
#define MADT_ENABLED	   BIT(0)
#define MADT_NO_LOCAL_APIC 0xff

struct madt_local_apic {
	struct madt_entry entry;
	u8 processor;
	u8 apic_id;
	u32 flags;
} __attribute__((packed));

struct madt_local_x2apic {
	struct madt_entry entry;
	u16 reserved;
	u32 x2apic_id;
	u32 flags;
	u32 processor;
} __attribute__((packed));

/* The fixed ACPI description table, "FACP", as far as it matters here. */
struct fadt {
	struct sdt_header header;
	u8 before_pm_timer[40];
	u32 pm_timer_port;
} __attribute__((packed));

_Static_assert(offsetof(struct fadt, pm_timer_port) == 76, "FADT");

static void *find_table(const char *signature)
{
	const struct sdt_header *rsdt = NULL;
	const u32 *tables;
	unsigned int i;
	u64 pa;

	for (pa = BIOS_BASE; pa < BIOS_END && !rsdt; pa += 16) {
		if (!memcmp((const void *)pa, "RSD PTR ", 8))
			rsdt = (const void *)(u64)((const struct rsdp *)pa)->rsdt;
	}
	if (!rsdt)
		fatal("the firmware has no ACPI tables");
	tables = (const u32 *)(rsdt + 1);
	for (i = 0; i < (rsdt->length - sizeof(*rsdt)) / sizeof(*tables); i++) {
		struct sdt_header *table = (void *)(u64)tables[i];

		if (!memcmp(table->signature, signature, 4))
			return table;
	}
	fatal("the firmware has no ACPI table '%s'", signature);
}

u16 acpi_pm_timer_port(void)
{
	return ((const struct fadt *)find_table("FACP"))->pm_timer_port;
}

static u8 sum_of(const struct sdt_header *table)
{
	const u8 *bytes = (const u8 *)table;
	u8 sum = 0;
	u32 i;

	for (i = 0; i < table->length; i++)
		sum += bytes[i];
	return sum;
}

/*
 * Fills @x2apic_ids in the order of the table, less the processor @hidden, whose entry gets
 * the number that says there is none (ACPI 6.5, 5.2.12.2). Return: how many there are.
 */
unsigned int acpi_find_cpus(u32 *x2apic_ids, unsigned int max, u32 hidden)
{
	struct madt *madt = find_table("APIC");
	u8 *p = madt->entries, *end = (u8 *)madt + madt->header.length;
	unsigned int count = 0;

	for (; p < end; p += ((const struct madt_entry *)p)->length) {
		struct madt_local_apic *apic = (void *)p;
		const struct madt_local_x2apic *x2apic = (const void *)p;
		u32 id;

		if (apic->entry.type == MADT_LOCAL_APIC && (apic->flags & MADT_ENABLED))
			id = apic->apic_id;
		else if (apic->entry.type == MADT_LOCAL_X2APIC && (x2apic->flags & MADT_ENABLED))
			id = x2apic->x2apic_id;
		else
			continue;
		if (id == hidden) {
			if (apic->entry.type != MADT_LOCAL_APIC)
				fatal("the first processor has no local APIC entry in the ACPI MADT");
			apic->apic_id = MADT_NO_LOCAL_APIC;
			apic->flags = 0;
			continue;
		}
		if (count == max)
			fatal("more than %u processors", max);
		x2apic_ids[count++] = id;
	}
	madt->header.checksum -= sum_of(&madt->header);
	return count;
}

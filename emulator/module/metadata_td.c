// SPDX-License-Identifier: GPL-2.0-only
/* Metadata of a TD and of its vCPUs: what the host may read and write. */
#include "apic.h"
#include "cpuid.h"
#include "metadata.h"

/* Fields of a TD. */
#define FIELD_TD_ATTRIBUTES	0x1110000300000000UL
#define FIELD_TD_XFAM		0x1110000300000001UL
#define FIELD_TD_MAX_VCPUS	0x1110000100000002UL
#define FIELD_TD_GPAW		0x1110000000000003UL
#define FIELD_TD_EPTP_CONTROLS	0x1110000300000004UL
#define FIELD_TD_TSC_FREQUENCY	0x111000010000000cUL
#define FIELD_TD_NOTIFY_ENABLES 0x9110000300000010UL
#define FIELD_TD_CONFIG_FLAGS	0x1110000300000016UL
#define FIELD_TD_TD_CTLS	0x1110000300000017UL
#define FIELD_TD_TOPOLOGY	0x9110000000000019UL /* TOPOLOGY_ENUM_CONFIGURED */
#define FIELD_TD_TSC_OFFSET	0x111000030000000aUL
#define FIELD_TD_TSC_MULTIPLIER 0x111000030000000bUL
#define FIELD_TD_NUM_VCPUS	0x9010000100000001UL
#define FIELD_TD_MRTD		0x1210000300000000UL
#define FIELD_TD_RTMR		0x1210000300000040UL

#define DIGEST_WORDS (SHA384_DIGEST_SIZE / 8)

/* CPUID values: the leaf, the subleaf and the half are in the field code. */
#define FIELD_CLASS_CPUID	0x14
#define CPUID_FIELD_LEAF_31	BIT(16)
#define CPUID_FIELD_LEAF(id)	(((id) >> 9) & 0x7f)
#define CPUID_FIELD_NO_SUBLEAF	BIT(8)
#define CPUID_FIELD_SUBLEAF(id) (((id) >> 1) & 0x7f)
#define CPUID_FIELD_EDX_ECX	BIT(0)

static u64 cpuid_field_read(const struct call *call, const struct td *td, u64 id, u64 *value)
{
	const struct td_cpuid *cpuid = tdcs_page(call, td, TDCS_CPUID);
	u32 leaf = CPUID_FIELD_LEAF(id) | (id & CPUID_FIELD_LEAF_31 ? BIT(31) : 0);
	bool no_subleaf = id & CPUID_FIELD_NO_SUBLEAF;

	for (u32 i = 0; i < cpuid->num_values; i++) {
		const struct cpuid_result *v = &cpuid->entry[i].value;

		if (cpuid->entry[i].leaf != leaf ||
		    (cpuid->entry[i].subleaf == CPUID_NO_SUBLEAF) != no_subleaf ||
		    (!no_subleaf && cpuid->entry[i].subleaf != CPUID_FIELD_SUBLEAF(id)))
			continue;
		*value = id & CPUID_FIELD_EDX_ECX ? (u64)v->edx << 32 | v->ecx :
						    (u64)v->ebx << 32 | v->eax;
		return TDX_SUCCESS;
	}
	return TDX_METADATA_FIELD_NOT_READABLE;
}

static u64 digest_word(const u8 *digest, u64 i)
{
	u64 word;

	__builtin_memcpy(&word, digest + 8 * i, sizeof(word));
	return word;
}

static u64 measurement_read(const struct call *call, const struct td *td, u64 id, u64 *value)
{
	const struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	u64 i = FIELD_CODE(id) - FIELD_CODE(FIELD_TD_MRTD);

	if (i < DIGEST_WORDS) {
		*value = digest_word(measurement->mrtd, i);
		return TDX_SUCCESS;
	}
	i = FIELD_CODE(id) - FIELD_CODE(FIELD_TD_RTMR);
	if (i < NUM_RTMRS * DIGEST_WORDS) {
		*value = digest_word(measurement->rtmr[i / DIGEST_WORDS], i % DIGEST_WORDS);
		return TDX_SUCCESS;
	}
	return TDX_METADATA_FIELD_ID_INCORRECT;
}

u64 td_field_read(const struct call *call, const struct td *td, u64 id, bool by_host, u64 *value)
{
	const struct tdcs *tdcs = td->tdcs;

	*value = 0;
	if (!field_id_valid(id))
		return TDX_METADATA_FIELD_ID_INCORRECT;
	if (FIELD_CLASS(id) == FIELD_CLASS_CPUID)
		return cpuid_field_read(call, td, id, value);
	if (FIELD_CLASS(id) == FIELD_CLASS(FIELD_TD_MRTD)) {
		/* The measurements are the TD's; it tells them in its report. */
		if (by_host)
			return TDX_METADATA_FIELD_NOT_READABLE;
		return measurement_read(call, td, id, value);
	}

	switch (id & FIELD_ID_MATCH) {
	case FIELD_TD_ATTRIBUTES &FIELD_ID_MATCH:
		*value = tdcs->attributes;
		break;
	case FIELD_TD_XFAM &FIELD_ID_MATCH:
		*value = tdcs->xfam;
		break;
	case FIELD_TD_MAX_VCPUS &FIELD_ID_MATCH:
		*value = tdcs->max_vcpus;
		break;
	case FIELD_TD_GPAW &FIELD_ID_MATCH:
		*value = tdcs->gpa_width == 52;
		break;
	case FIELD_TD_EPTP_CONTROLS &FIELD_ID_MATCH:
		*value = tdcs->eptp_controls;
		break;
	case FIELD_TD_CONFIG_FLAGS &FIELD_ID_MATCH:
		*value = tdcs->config_flags;
		break;
	case FIELD_TD_TD_CTLS &FIELD_ID_MATCH:
		*value = tdcs->td_ctls;
		break;
	case FIELD_TD_NOTIFY_ENABLES &FIELD_ID_MATCH:
		*value = READ_ONCE(tdcs->notify_enables);
		break;
	case FIELD_TD_TOPOLOGY &FIELD_ID_MATCH:
		*value = tdcs->num_vcpus && !tdcs->topology_unknown;
		break;
	case FIELD_TD_TSC_FREQUENCY &FIELD_ID_MATCH:
		*value = tdcs->tsc_frequency;
		break;
	case FIELD_TD_TSC_OFFSET &FIELD_ID_MATCH:
		*value = tdcs->tsc_offset;
		break;
	case FIELD_TD_TSC_MULTIPLIER &FIELD_ID_MATCH:
		*value = tdcs->tsc_multiplier;
		break;
	case FIELD_TD_NUM_VCPUS &FIELD_ID_MATCH:
		if (!MODULE_NUM_VCPUS_READABLE)
			return TDX_METADATA_FIELD_ID_INCORRECT;
		*value = tdcs->num_vcpus;
		break;
	default:
		log_line(call, "not modelled: field %lx of a TD", id);
		return TDX_METADATA_FIELD_ID_INCORRECT;
	}
	return TDX_SUCCESS;
}

/* What a TD may write of its own. @value: the value before. */
u64 td_field_write(const struct call *call, struct td *td, u64 id, u64 *value, u64 mask)
{
	u64 new = *value, old, status, valid, *field;

	status = td_field_read(call, td, id, false, &old);
	*value = 0;
	if (status == TDX_METADATA_FIELD_ID_INCORRECT)
		return status;
	switch (id & FIELD_ID_MATCH) {
	case FIELD_TD_TD_CTLS &FIELD_ID_MATCH:
		field = &td->tdcs->td_ctls;
		/* CPUID 0x1F and 0xB tell the topology in any case. */
		valid = td->tdcs->topology_unknown ? 0 : TD_CTLS_ENUM_TOPOLOGY;
		break;
	case FIELD_TD_NOTIFY_ENABLES &FIELD_ID_MATCH:
		field = &td->tdcs->notify_enables;
		valid = TD_NOTIFY_EPT_FAULTS;
		break;
	default:
		return TDX_METADATA_FIELD_NOT_WRITABLE;
	}
	new = (old & ~mask) | (new &mask);
	if (new & ~valid)
		return TDX_METADATA_FIELD_VALUE_NOT_VALID;
	WRITE_ONCE(*field, new);
	*value = old;
	return TDX_SUCCESS;
}

u64 leaf_TDH_MNG_RD(struct call *call)
{
	u64 *reg = call->reg, status;
	struct td td;

	reg[GPR_R8] = 0;
	status = td_get(call, reg[GPR_RCX], OPERAND_RCX, OP_BUILT, &td);
	if (status)
		return status;
	return td_field_read(call, &td, reg[GPR_RDX], true, &reg[GPR_R8]);
}

/* Fields of a vCPU: class and code. */
#define VCPU_FIELD(class, code) ((u64)(class) << 56 | (code))

#define CLASS_VMCS	  0
#define CLASS_GPR	  16
#define CLASS_OTHER_STATE 17
#define CLASS_MANAGEMENT  32

#define FIELD_POSTED_INTR_NV	 VCPU_FIELD(CLASS_VMCS, 0x0002)
#define FIELD_POSTED_INTR_DESC	 VCPU_FIELD(CLASS_VMCS, 0x2016)
#define FIELD_SHARED_EPTP	 VCPU_FIELD(CLASS_VMCS, 0x203c)
#define FIELD_PIN_CONTROLS	 VCPU_FIELD(CLASS_VMCS, 0x4000)
#define FIELD_SECONDARY_CONTROLS VCPU_FIELD(CLASS_VMCS, 0x401e)
#define FIELD_NOTIFY_WINDOW	 VCPU_FIELD(CLASS_VMCS, 0x4024)
#define FIELD_STATE_DETAILS	 VCPU_FIELD(CLASS_OTHER_STATE, 0x100)
#define FIELD_PEND_NMI		 VCPU_FIELD(CLASS_MANAGEMENT, 11)

#define PIN_POSTED_INTERRUPTS BIT(7)
#define SECONDARY_BUS_LOCK    BIT(30)
#define SECONDARY_NOTIFY      BIT(31)

/* State of the TD that only a debuggable one shows. */
static bool vcpu_field_is_secret(u64 id)
{
	switch (FIELD_CLASS(id)) {
	case CLASS_GPR:
		return FIELD_CODE(id) < GPR_COUNT;
	case CLASS_VMCS:
		return FIELD_CODE(id) < 0x8000;
	case CLASS_OTHER_STATE:
		return FIELD_CODE(id) < 0x100;
	default:
		return false;
	}
}

u64 vcpu_field_read(const struct vcpu *vcpu, u64 id, u64 *value)
{
	const struct tdvps *tdvps = vcpu->tdvps;

	if (!field_id_valid(id))
		return TDX_METADATA_FIELD_ID_INCORRECT;
	switch (id & FIELD_ID_MATCH) {
	case FIELD_POSTED_INTR_NV:
		*value = tdvps->posted_interrupt_vector;
		break;
	case FIELD_POSTED_INTR_DESC:
		*value = tdvps->posted_interrupt_descriptor;
		break;
	case FIELD_SHARED_EPTP:
		*value = tdvps->shared_ept_pointer;
		break;
	case FIELD_PIN_CONTROLS:
		*value = tdvps->pin_controls;
		break;
	case FIELD_SECONDARY_CONTROLS:
		*value = tdvps->secondary_controls;
		break;
	case FIELD_NOTIFY_WINDOW:
		*value = tdvps->notify_window;
		break;
	case FIELD_STATE_DETAILS:
		*value = apic_interrupt_pending(vcpu);
		break;
	case FIELD_PEND_NMI:
		*value = tdvps->pending_nmi;
		break;
	default:
		return vcpu_field_is_secret(id) ? TDX_METADATA_FIELD_NOT_READABLE :
						  TDX_METADATA_FIELD_ID_INCORRECT;
	}
	return TDX_SUCCESS;
}

/* An address of the host's: aligned, in memory, and of a KeyID that is not private. */
static bool host_address_valid(const struct call *call, u64 pa, u64 alignment)
{
	u32 phys_bits = call->platform->phys_bits;

	return IS_ALIGNED(pa, alignment) && pa >> phys_bits <= call->platform->num_mktme_keyids;
}

u64 vcpu_field_write(struct call *call, struct vcpu *vcpu, u64 id, u64 value, u64 mask)
{
	struct tdvps *tdvps = vcpu->tdvps;
	u64 writable, old, new;

	if (!field_id_valid(id))
		return TDX_METADATA_FIELD_ID_INCORRECT;
	if (vcpu_field_read(vcpu, id, &old))
		return vcpu_field_is_secret(id) ? TDX_METADATA_FIELD_NOT_WRITABLE :
						  TDX_METADATA_FIELD_ID_INCORRECT;
	new = (old & ~mask) | (value & mask);

	switch (id & FIELD_ID_MATCH) {
	case FIELD_POSTED_INTR_NV:
		writable = GENMASK(7, 0);
		break;
	case FIELD_PIN_CONTROLS:
		writable = PIN_POSTED_INTERRUPTS;
		break;
	case FIELD_SECONDARY_CONTROLS:
		writable = SECONDARY_BUS_LOCK | SECONDARY_NOTIFY;
		break;
	case FIELD_NOTIFY_WINDOW:
		writable = GENMASK(31, 0);
		break;
	case FIELD_PEND_NMI:
		writable = BIT(0);
		break;
	case FIELD_STATE_DETAILS:
		writable = 0;
		break;
	default:
		writable = ~0UL;
	}
	if ((mask & ~writable) && ((old ^ new) & ~writable))
		return TDX_METADATA_FIELD_NOT_WRITABLE;
	if (!writable)
		return TDX_METADATA_FIELD_NOT_WRITABLE;

	switch (id & FIELD_ID_MATCH) {
	case FIELD_POSTED_INTR_NV:
		tdvps->posted_interrupt_vector = new;
		break;
	case FIELD_POSTED_INTR_DESC:
		if (!host_address_valid(call, new, 64))
			return TDX_METADATA_FIELD_VALUE_NOT_VALID;
		tdvps->posted_interrupt_descriptor = new;
		break;
	case FIELD_SHARED_EPTP:
		if (!host_address_valid(call, new, PAGE_SIZE))
			return TDX_METADATA_FIELD_VALUE_NOT_VALID;
		tdvps->shared_ept_pointer = new;
		break;
	case FIELD_PIN_CONTROLS:
		tdvps->pin_controls = new;
		break;
	case FIELD_SECONDARY_CONTROLS:
		tdvps->secondary_controls = new;
		break;
	case FIELD_NOTIFY_WINDOW:
		tdvps->notify_window = new;
		break;
	case FIELD_PEND_NMI:
		tdvps->pending_nmi = new;
		break;
	}
	return TDX_SUCCESS;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Faults, costs and holds of SEAMCALLs; see abi/control.h for the grammar. */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

#define MAX_FAULTS 32
#define MAX_COSTS  32
#define MAX_HOLDS  8
#define ANY_CPU	   (~0U)

struct fault {
	bool used;
	u32 number; /* in the order in which they were asked for, from 1 */
	u64 leaf;
	u32 cpu;
	u64 nth, repeat;
	u64 seen;
	bool acted;
	struct fault_action action;
};

struct cost {
	u64 leaf;
	u64 cpu;
	u64 microseconds;
};

struct hold {
	u64 leaf;
	u64 cpu;
};

static struct spinlock fault_lock;
static struct fault faults[MAX_FAULTS];
static struct cost costs[MAX_COSTS];
static struct hold holds[MAX_HOLDS];
/* So that a call costs nothing when there is none. */
static u32 num_faults, num_costs, num_holds;
static u32 faults_asked_for;
u32 cpus_in_cost;

struct leaf_name {
	u64 leaf;
	const char *name;
};

#define TDH_NAME(number, id, name)     { number, name },
#define SEAMLDR_NAME(number, id, name) { SEAMCALL_P_SEAMLDR | number, name },

/* clang-format off */
static const struct leaf_name leaf_names[] = {
	TDH_LEAVES(TDH_NAME)
	SEAMLDR_LEAVES(SEAMLDR_NAME)
};
/* clang-format on */

static bool is_end_of_word(char c)
{
	return !c || c == ',' || c == '=' || c == ' ';
}

static bool matches_word(const char *text, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(text, name, length) && is_end_of_word(text[length]);
}

/* A leaf by name or number; moves *text behind it. */
bool parse_leaf(const char **text, u64 *leaf)
{
	unsigned int i;

	if (parse_number(text, leaf))
		return is_end_of_word(**text);
	for (i = 0; i < ARRAY_SIZE(leaf_names); i++) {
		const char *name = leaf_names[i].name, *tail = name;

		while (*tail != '.')
			tail++;
		tail++;
		if (!matches_word(*text, name)) {
			if (!matches_word(*text, tail))
				continue;
			name = tail;
		}
		*text += strlen(name);
		*leaf = leaf_names[i].leaf;
		return true;
	}
	return false;
}

static bool skip_key(const char **text, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(*text, key, length))
		return false;
	*text += length;
	return true;
}

static bool parse_status(const char **text, struct fault_action *action)
{
	if (skip_key(text, "vmfail"))
		action->result = SEAMCALL_VMFAIL_INVALID;
	else if (skip_key(text, "ud"))
		action->result = SEAMCALL_UD;
	else if (skip_key(text, "gp"))
		action->result = SEAMCALL_GP;
	else
		return parse_number(text, &action->status);
	return true;
}

/* NULL, or what is wrong. */
static const char *parse_fault(const char *text, struct fault *fault)
{
	bool has_leaf = false, has_status = false;
	u64 cpu;

	*fault = (struct fault){ .used = true, .cpu = ANY_CPU, .nth = 1, .repeat = 1 };
	for (;;) {
		if (skip_key(&text, "leaf=")) {
			if (!parse_leaf(&text, &fault->leaf))
				return "no such leaf";
			has_leaf = true;
		} else if (skip_key(&text, "cpu=")) {
			if (!parse_number(&text, &cpu) || cpu >= num_cpus)
				return "no such cpu";
			fault->cpu = cpu;
		} else if (skip_key(&text, "nth=")) {
			if (!parse_number(&text, &fault->nth) || !fault->nth)
				return "nth is a number from 1";
		} else if (skip_key(&text, "repeat=")) {
			if (!parse_number(&text, &fault->repeat))
				return "repeat is a number";
		} else if (skip_key(&text, "status=")) {
			if (!parse_status(&text, &fault->action))
				return "status is a number, vmfail, ud or gp";
			has_status = true;
		} else if (skip_key(&text, "rdx=")) {
			if (!parse_number(&text, &fault->action.rdx))
				return "rdx is a number";
			fault->action.has_rdx = true;
		} else {
			return "expected leaf=, cpu=, nth=, repeat=, status= or rdx=";
		}
		if (!*text)
			break;
		if (*text++ != ',')
			return "expected a comma";
	}
	if (!has_leaf || !has_status)
		return "leaf= and status= are needed";
	return NULL;
}

const char *fault_add(const char *specification)
{
	struct fault fault;
	const char *error = parse_fault(specification, &fault);
	unsigned int i;

	if (error)
		return error;
	spin_lock(&fault_lock);
	for (i = 0; i < MAX_FAULTS && faults[i].used; i++)
		;
	if (i < MAX_FAULTS) {
		fault.number = ++faults_asked_for;
		faults[i] = fault;
		__atomic_store_n(&num_faults, num_faults + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&fault_lock);
	return i < MAX_FAULTS ? NULL : "too many faults";
}

/*
 * Whether the call is one that fails. Counts it for each fault that it matches. The log
 * tells of each fault once: a test that asked for one which never acted tested nothing.
 */
bool fault_find(u32 cpu, u64 leaf, struct fault_action *action)
{
	u32 first_time = 0;
	bool found = false;
	unsigned int i;

	if (!__atomic_load_n(&num_faults, __ATOMIC_ACQUIRE))
		return false;
	spin_lock(&fault_lock);
	for (i = 0; i < MAX_FAULTS; i++) {
		struct fault *fault = &faults[i];

		if (!fault->used || fault->leaf != leaf ||
		    (fault->cpu != ANY_CPU && fault->cpu != cpu))
			continue;
		if (++fault->seen < fault->nth)
			continue;
		if (!found) {
			*action = fault->action;
			if (!fault->acted)
				first_time = fault->number;
			fault->acted = true;
		}
		found = true;
		if (fault->repeat && fault->seen + 1 == fault->nth + fault->repeat) {
			fault->used = false;
			num_faults--;
		}
	}
	spin_unlock(&fault_lock);
	if (first_time)
		log_line("fault %u acts: leaf %lx on cpu%u", first_time, leaf, cpu);
	return found;
}

static bool parse_time(const char *text, u64 *time)
{
	if (!parse_number(&text, time))
		return false;
	if (!strcmp(text, "ms"))
		return !__builtin_mul_overflow(*time, 1000, time);
	return !*text || !strcmp(text, "us");
}

/* LEAF[,cpu=N] is followed by more; NULL, or what is wrong. */
static const char *parse_cpu(const char **text, u64 *cpu)
{
	*cpu = ANY_CPU;
	if (skip_key(text, ",cpu=") && (!parse_number(text, cpu) || *cpu >= num_cpus))
		return "no such cpu";
	return NULL;
}

const char *cost_set(const char *specification)
{
	const char *error;
	u64 leaf, time, cpu;
	unsigned int i;

	if (skip_key(&specification, "SEAMLDR.INSTALL.LAST") ||
	    skip_key(&specification, "INSTALL.LAST"))
		leaf = COST_REPLACING;
	else if (!parse_leaf(&specification, &leaf))
		return "no such leaf";
	error = parse_cpu(&specification, &cpu);
	if (error)
		return error;
	if (*specification != '=' || !parse_time(specification + 1, &time))
		return "expected LEAF[,cpu=N]=TIME, in us or ms";
	spin_lock(&fault_lock);
	for (i = 0; i < num_costs && (costs[i].leaf != leaf || costs[i].cpu != cpu); i++)
		;
	if (i < MAX_COSTS) {
		WRITE_ONCE(costs[i].leaf, leaf);
		WRITE_ONCE(costs[i].cpu, cpu);
		WRITE_ONCE(costs[i].microseconds, time);
		if (i == num_costs)
			__atomic_store_n(&num_costs, i + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&fault_lock);
	return i < MAX_COSTS ? NULL : "too many costs";
}

const char *hold_set(const char *specification)
{
	const char *error;
	bool added;
	u64 leaf, cpu;

	if (!parse_leaf(&specification, &leaf))
		return "no such leaf";
	error = parse_cpu(&specification, &cpu);
	if (error)
		return error;
	if (*specification)
		return "expected LEAF[,cpu=N]";
	spin_lock(&fault_lock);
	added = num_holds < MAX_HOLDS;
	if (added) {
		holds[num_holds] = (struct hold){ leaf, cpu };
		__atomic_store_n(&num_holds, num_holds + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&fault_lock);
	return added ? NULL : "too many holds";
}

/* Whether the CPU may not begin the call yet. */
bool hold_find(u64 leaf, unsigned int cpu)
{
	u32 i, count = __atomic_load_n(&num_holds, __ATOMIC_ACQUIRE);

	for (i = 0; i < count; i++) {
		if (READ_ONCE(holds[i].leaf) == leaf &&
		    (READ_ONCE(holds[i].cpu) == ANY_CPU || READ_ONCE(holds[i].cpu) == cpu))
			return true;
	}
	return false;
}

/* Hardware that is slow keeps its CPU busy; here until the host clears the costs. */
void cost_spend(u64 leaf, unsigned int cpu)
{
	u32 i, count = __atomic_load_n(&num_costs, __ATOMIC_ACQUIRE);
	u64 end;

	for (i = 0; i < count; i++) {
		if (READ_ONCE(costs[i].leaf) != leaf ||
		    (READ_ONCE(costs[i].cpu) != ANY_CPU && READ_ONCE(costs[i].cpu) != cpu))
			continue;
		end = tsc_after(READ_ONCE(costs[i].microseconds));
		__atomic_add_fetch(&cpus_in_cost, 1, __ATOMIC_RELAXED);
		while (rdtsc() < end && i < READ_ONCE(num_costs))
			cpu_relax();
		__atomic_sub_fetch(&cpus_in_cost, 1, __ATOMIC_RELAXED);
	}
}

void hold_release(void)
{
	spin_lock(&fault_lock);
	__atomic_store_n(&num_holds, 0, __ATOMIC_RELEASE);
	spin_unlock(&fault_lock);
}

void fault_clear(void)
{
	spin_lock(&fault_lock);
	memset(faults, 0, sizeof(faults));
	__atomic_store_n(&num_faults, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&num_costs, 0, __ATOMIC_RELEASE);
	spin_unlock(&fault_lock);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of P-SEAMLDR need: images in the host's memory, and calls on all LPs. */
#ifndef EMULATOR_TESTS_SEAMLDR_FIXTURE_H
#define EMULATOR_TESTS_SEAMLDR_FIXTURE_H

#include "../seamldr/seamldr.h"
#include "fake_platform.h"

#define FIXTURE_NUM_LPS	     4
#define FIXTURE_SVN	     0x0105
#define FIXTURE_MODULE_PAGES 5
#define FIXTURE_HANDOFF_SIZE 100

/**
 * struct image - an image in the host's memory, as a kernel hands it over
 * @params_pa: what RCX of SEAMLDR.INSTALL holds.
 * @params: the same as a pointer.
 * @sigstruct: ready to be changed; fixture_sign() it again afterwards.
 */
struct image {
	u64 params_pa;
	struct seamldr_params *params;
	struct seam_sigstruct *sigstruct;
};

struct result {
	bool vmfail;
	u64 rax;
	u64 rdx;
};

extern struct seamldr ldr;

/* A new machine, without a module. */
void fixture_start(void);

/* A new machine whose firmware has loaded a module, which has been shut down. */
void fixture_start_ready_for_update(void);

/* What TDH.SYS.SHUTDOWN leaves behind. */
void fixture_write_handoff(u16 hv);
struct seam_handoff_header *fixture_handoff(void);

/* A good image; its pages hold a pattern made of @seed. */
struct image fixture_image(u8 seed);
void fixture_sign(const struct image *image);
void fixture_hash(const struct image *image);
u8 *fixture_page(const struct image *image, u64 page);

struct result fixture_call(u32 lp, u64 leaf, u64 rcx);

/* That P-SEAMLDR returned @status, where it was not fixture_call() that called it. */
void fixture_note(u64 status);

/* SEAMLDR.INSTALL on all LPs; the result of the last one. */
struct result fixture_install(u64 params_pa);

/* The same for all LPs but the last one, which has to give success. */
bool fixture_install_but_last(u64 params_pa);

#endif

# SPDX-License-Identifier: GPL-2.0-only
#
# threads_test is module_smp.c with one version of the TDX module, and ThreadSanitizer
# in place of AddressSanitizer, so all of it is built once more.

THREADS_OUT	:= $(OUT)/threads
THREADS_VERSION	:= 1.5.08
THREADS_CFLAGS	:= -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-type-limits -fno-common \
		   -fsanitize=thread -MMD -MP -I$(BEARSSL)/inc \
		   -DMODULE_CONFIG='"versions/$(THREADS_VERSION).h"'
THREADS_MODULE	:= $(MODULE_SOURCES:%.c=$(THREADS_OUT)/module/%.o)
THREADS_PARTS	:= $(MODULE_PARTS:$(OUT)/%=$(THREADS_OUT)/%) $(THREADS_OUT)/tests/tap.o \
		   $(THREADS_OUT)/tests/fake_platform.o $(THREADS_OUT)/tests/threads_test.o \
		   $(THREADS_OUT)/crypto/sha384.o $(X86:$(OUT)/%=$(THREADS_OUT)/%)
THREADS_BEARSSL	:= $(patsubst %,$(THREADS_OUT)/bearssl/%.o,hash/sha2big codec/dec64be codec/enc64be)

$(THREADS_OUT)/%.o: $(EMULATOR)/%.c $(BEARSSL)/.complete
	@mkdir -p $(@D)
	@$(say) CC $(@:$(OUT)/%=tests/%)
	$(Q)$(CC) $(THREADS_CFLAGS) -c -o $@ $<

$(THREADS_OUT)/bearssl/%.o: $(BEARSSL)/.complete
	@mkdir -p $(@D)
	@$(say) CC $(@:$(OUT)/%=tests/%)
	$(Q)$(CC) $(filter-out -fsanitize=% -fno-sanitize-recover=%,$(BEARSSL_CFLAGS)) -c -o $@ \
		$(BEARSSL)/src/$*.c

# As in module_test.mk: all names but the entry point's are the module's own.
$(THREADS_OUT)/module.o: $(THREADS_MODULE)
	@$(say) LD $(@:$(OUT)/%=tests/%)
	$(Q)$(LD) -r -o $@ $^
	$(Q)objcopy --keep-global-symbol=entry $@
	$(Q)objcopy --redefine-sym entry=module_entry_$(subst .,_,$(THREADS_VERSION)) $@

$(OUT)/threads_test: $(THREADS_OUT)/module.o $(THREADS_PARTS) $(THREADS_BEARSSL)
	@$(say) LD $(@:$(OUT)/%=tests/%)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ $(LIBS)

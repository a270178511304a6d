# SPDX-License-Identifier: GPL-2.0-only
#
# module_test has several versions of the TDX module in one program: each is one
# object, whose only global symbol is its entry point with the version in its name.

MODULE_VERSIONS	:= 1.5.05 1.5.06 1.5.07 1.5.08
# 1.5.06 with a fault in sys.c.
MODULE_BROKEN	:= broken-sys-init broken-lp-init broken-sys-update
MODULE_SOURCES	:= $(filter-out string.c,$(notdir $(wildcard $(EMULATOR)/module/*.c)))
X86	:= $(patsubst $(EMULATOR)/%.c,$(OUT)/%.o,$(wildcard $(EMULATOR)/x86/*.c))
MODULE_PARTS	:= $(patsubst $(SRC)/%.c,$(OUT)/tests/%.o,$(filter-out %_test.c,$(wildcard $(SRC)/module_*.c)))
MODULE_OBJECTS	:= $(patsubst %,$(OUT)/module-%.o,$(MODULE_VERSIONS) $(MODULE_BROKEN)) $(X86)

define module_rules
$(OUT)/module-$(1)/%.o: $(EMULATOR)/module/%.c
	@mkdir -p $$(@D)
	@$$(say) CC $$(@:$(OUT)/%=tests/%)
	$$(Q)$$(CC) $$(CFLAGS) -Wno-type-limits -fno-common -DMODULE_CONFIG='"versions/$(1).h"' -c -o $$@ $$<

$(OUT)/module-$(1).o: $(2)
	@$$(say) LD $$(@:$(OUT)/%=tests/%)
	$$(Q)$$(LD) -r -o $$@ $$^
	$$(Q)objcopy --keep-global-symbol=entry $$@
	$$(Q)objcopy --redefine-sym entry=module_entry_$(subst -,_,$(subst .,_,$(1))) $$@
endef
$(foreach v,$(MODULE_VERSIONS),$(eval $(call module_rules,$(v), \
	$(MODULE_SOURCES:%.c=$(OUT)/module-$(v)/%.o))))
$(foreach v,$(MODULE_BROKEN),$(eval $(call module_rules,$(v), \
	$(filter-out %/sys.o,$(MODULE_SOURCES:%.c=$(OUT)/module-1.5.06/%.o)) \
	$(OUT)/module-$(v)/sys.o)))

$(OUT)/module_test: $(MODULE_PARTS) $(MODULE_OBJECTS)

# SPDX-License-Identifier: GPL-2.0-only
# The kernel's parser, compiled for userspace as its fuzzer does.
KERNEL_TDX := $(TOP)/arch/x86/virt/vmx/tdx
KERNEL_CFLAGS = $(CFLAGS) -I$(TOP)/tests/fuzz/shim -I$(KERNEL_TDX)

$(OUT)/preflight_test: $(OUT)/tests/seamldr_fixture.o $(OUT)/kernel/kernel_verdict.o \
	$(OUT)/kernel/tdx_image.o

$(OUT)/kernel/kernel_verdict.o: $(SRC)/kernel_verdict.c
	@mkdir -p $(@D)
	@$(say) CC $(@:$(OUT)/%=tests/%)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<

$(OUT)/kernel/tdx_image.o: $(KERNEL_TDX)/tdx_image.c
	@mkdir -p $(@D)
	@$(say) CC $(@:$(OUT)/%=tests/%)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<

# SPDX-License-Identifier: GPL-2.0-only
$(OUT)/x86_test: $(patsubst $(EMULATOR)/%.c,$(OUT)/%.o,$(wildcard $(EMULATOR)/x86/*.c))

# SPDX-License-Identifier: GPL-2.0-only
SEAMLDR_TESTS := seamldr_test seamldr_manifest_test seamldr_session_test images_test versions_test
$(SEAMLDR_TESTS:%=$(OUT)/%): $(OUT)/tests/seamldr_fixture.o
$(OUT)/tests/seamldr_fixture.o: CFLAGS += -DTEST_KEY='"$(EMULATOR)/images/test-key.pem"'
$(OUT)/tests/images_test.o $(OUT)/tests/versions_test.o: CFLAGS += -DIMAGES='"$(abspath $(O))/images"'

# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of this project. The work is done by scripts/; each target
# first sees to it that what it needs is there.

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

KERNEL ?= patched
TREE   ?= build/tree

series-tool := python3 scripts/series

.PHONY: help
help:
	@sed -n 's/^## \?//p' $(MAKEFILE_LIST)

## Kernel
##   make kernel          build it: KERNEL=patched (default), stock or debug
.PHONY: kernel
kernel: setup-kernel base
ifneq ($(KERNEL),stock)
	@$(series-tool) tree --lenient --tree $(TREE)
endif
	@scripts/build-kernel $(KERNEL) --tree $(TREE)

##   make tree            lay out the patched kernel in build/tree, a git repository
.PHONY: tree
tree: setup-series base
	@$(series-tool) tree --tree $(TREE) $(if $(FORCE),--force)

##   make refresh         bring the commits made there back into series/ and overlay;
##                        PATCH=NNNN folds uncommitted changes into that patch first,
##                        AT=NNNN numbers new commits from there on
.PHONY: refresh
refresh: setup-series
	@$(series-tool) refresh --tree $(TREE) $(if $(PATCH),--patch $(PATCH)) \
		$(if $(AT),--at $(AT)) $(if $(FORCE),--force)

# What the targets above need.
.PHONY: base
base: setup-series
	@scripts/fetch-base

.PHONY: setup-%
setup-%:
	@scripts/setup $*
setup-kernel: setup-series

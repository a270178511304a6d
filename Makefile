# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of this project. The work is done by scripts/; each target
# first sees to it that what it needs is there.

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

TREE  ?= build/tree
PATCH ?=
FORCE ?=

series-tool := python3 scripts/series

.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make tree            lay out the patched kernel in build/tree, a git repository
.PHONY: tree
tree: base
	@$(series-tool) tree --tree $(TREE) $(if $(FORCE),--force)

## make refresh         bring commits made in build/tree back into series/ and overlay
##   PATCH=NNNN           fold uncommitted changes into that patch first
##   AT=NNNN              number new commits from there
.PHONY: refresh
refresh:
	@$(series-tool) refresh --tree $(TREE) $(if $(PATCH),--patch $(PATCH)) $(if $(AT),--at $(AT)) \
		$(if $(FORCE),--force)

.PHONY: base
base:
	@:

# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of this project. The work is done by scripts/; each target
# first sees to it that what it needs is there.

# The kernel's own Makefile takes no such directory either.
ifneq ($(words $(CURDIR)),1)
$(error $(CURDIR): the name of this directory may not hold a space)
endif

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

KERNEL ?= patched
TREE   ?= build/tree

series-tool := python3 -B scripts/series

.PHONY: help
help:
	@sed -n 's/^## \?//p' $(MAKEFILE_LIST)

## See it
##   make run             a live update of the TDX module, on an emulated TDX host
##   make shell           a shell on the emulated host, module images at hand
##   make bench           stock and patched kernel side by side
##   make run VMM=qemu    the same with Debian's own QEMU, TD firmware and kernel as TDs;
##                        VCPUS=2 for two vCPUs each, DEVICES=1 for a disk and a network,
##                        SIGNED=1 from a disk, by Secure Boot
.PHONY: run
run: setup-run setup-emulator
	@$(if $(filter qemu,$(VMM)),scripts/run-debian-td,scripts/run)

.PHONY: shell
shell: setup-run setup-emulator
	@./tdxhost --kernel $(KERNEL) --shell

.PHONY: bench
bench: setup-run setup-emulator setup-bench
	@scripts/bench

## Test it
##   make test            every test there is; TEST="word word" runs only some parts
##   make sweep           every SEAMCALL of an update fails once, on each CPU, and
##                        every allocation of an update and of a TD's build; then
##                        scenarios, selftests and a minute of stress on the rt and
##                        the kcsan kernel; KERNELS="rt" takes only that one
##   make fuzz            fuzz the parser of the module's image for minutes
##   make check           checkpatch, sparse, W=1, kernel-doc and the documentation;
##                        clang and a dozen configurations; linters for what is not
##                        kernel; CHECK="word word" runs only some of these
.PHONY: test
test: setup-all base
	@scripts/test $(TEST)

.PHONY: sweep
sweep: setup-all base
	@scripts/sweep

##   make soak            MINUTES=60: builds, a TD of Debian's stack, updates by good and
##                        bad images, hotplug and signals, by chance; a report of what
##                        was wrong or lost
.PHONY: soak
soak: setup-run setup-emulator
	@scripts/soak

.PHONY: fuzz
fuzz: setup-test setup-emulator
	@$(MAKE) -C tests/fuzz fuzz

.PHONY: check
check: setup-kernel setup-check series
	@python3 -B scripts/check $(CHECK)

##   make wrong-kernels   kernels that lack one guarantee each, and the tests that find it out;
##                        NAMES="word word" takes some, see tests/wrong-kernels
.PHONY: wrong-kernels
wrong-kernels: setup-kernel setup-run setup-emulator base
	@tests/wrong-kernels/run --right $(NAMES)

##   make test-bare       the commands in bare roots of Debian 12 and 13, see
##                        scripts/test-bare; QUICK=1 builds no kernel
.PHONY: test-bare
test-bare:
	@scripts/test-bare

##   make series-bisect   build the kernel after each patch of the series; TEST=1 runs
##                        KUnit's and KVM's tests of each topic on what ends with it;
##                        TOPICS="30 word" takes only the ends of these topics
.PHONY: series-bisect
series-bisect: setup-kernel $(if $(TEST),setup-run setup-emulator) base
	@$(series-tool) bisect $(if $(TEST),--test) $(if $(TOPICS),--topics $(TOPICS))

## Take it
##   make series          the mails, topic by topic, in out/series; SIGNOFF="Name <mail>"
##                        adds the submitter's sign-off, VERSION=2 what changed since v1
##   make series-bases    which topics apply to which kernels of the archive; BASES="..."
##                        takes trees and tarballs
.PHONY: series
series: setup-series base
	@$(series-tool) mails $(if $(SIGNOFF),--signoff "$$SIGNOFF") \
		$(if $(VERSION),--version $(VERSION))

.PHONY: series-bases
series-bases: setup-series base
	@scripts/series-bases $(BASES)

## Change it
##   make tree            lay out the patched kernel in build/tree, a git repository;
##                        FORCE=1 drops commits there that are not in series/
##   make refresh         bring the commits made there back into series/ and overlay;
##                        PATCH=NNNN folds uncommitted changes into that patch first
##                        (new files' into the one patch that has them; ALL=1: these, too),
##                        AT=NN-topic/NNNN numbers new commits from there on
##   make kernel          build it: KERNEL=patched (default), stock, debug, rt
##                        (PREEMPT_RT with lockdep) or kcsan
.PHONY: tree
tree: setup-series base
	@$(series-tool) tree --tree $(TREE) $(if $(FORCE),--force)

.PHONY: refresh
refresh: setup-series
	@$(series-tool) refresh --tree $(TREE) $(if $(PATCH),--patch $(PATCH)) \
		$(if $(AT),--at $(AT)) $(if $(FORCE),--force) $(if $(ALL),--all)

.PHONY: kernel
kernel: setup-kernel base
ifneq ($(KERNEL),stock)
	@$(series-tool) tree --lenient --tree $(TREE)
endif
	@python3 -B scripts/kernel $(KERNEL) --tree $(TREE)

##   make dist            the emulated host and its images, built, as one archive in out/:
##                        for those who have a kernel, QEMU and python3
.PHONY: dist
dist: setup-run setup-emulator base
	@scripts/dist

##   make clean           remove out/ and what was compiled, but no download
.PHONY: clean
clean:
	rm -rf out build/kernel build/wrong-tree build/emulator build/guest build/selftests build/fuzz

## The kernel comes from Debian's archive; TDX_BASE=/path/to/linux-7.3.y takes a
## tree or tarball instead.
.PHONY: base
base: setup-series
	@scripts/fetch-base

.PHONY: setup-all setup-%
setup-all:
	@scripts/setup
setup-%:
	@scripts/setup $*

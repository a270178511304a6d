# SPDX-License-Identifier: GPL-2.0-only
"""The images there are: good ones, and broken ones with what is wrong in each."""

import dataclasses
from collections.abc import Callable

import tdximage


@dataclasses.dataclass
class Line:
    """A line of modules: an update leads from one to another of the same line.

    All images of a line have one SVN, so that tests can go back and forth."""
    cpuids: list			# CPUID.1.EAX of the processors that it supports
    svn: int
    fields: dict = dataclasses.field(default_factory=dict)


# For Sapphire Rapids, as the emulated host shows it, and Emerald Rapids.
LINE_1_5 = Line([0x000806F8, 0x000C06F0], 0x0105)
# For Granite Rapids (D), shaped like Intel's images 2.0.02 to 2.0.08: sizes, SVN,
# processors, and a version, which build-images takes from the module.
LINE_2_0 = Line([0x000A06D0, 0x000A06E0], 0x0305,
                {"num_handoff_pages": 24, "num_global_data_pages": 33})

VERSIONS = {"1.5.05": LINE_1_5, "1.5.06": LINE_1_5, "1.5.07": LINE_1_5, "1.5.08": LINE_1_5,
            "2.0.05": LINE_2_0, "2.0.08": LINE_2_0}

CPUIDS = LINE_1_5.cpuids
SVN = LINE_1_5.svn

# Statuses of P-SEAMLDR and of the module, as a stock kernel logs them.
EBADPARAM = "0x8000000000000000"
EBADHANDOFF = "0x8000000000000004"
EUNSUPPORTED = "0x8000000000000006"
ENOMEM = "0x8000000000010002"
EUNSUPCPU = "0x8000000000010004"
EBADSIG = "0x8000000000020000"
EBADHASH = "0x8000000000020001"
SYS_INIT_STATUS = "0xc000051100000000"	# TDX_CRYPTO_SELF_TEST_FAILED
LP_INIT_STATUS = "0xc000090200000000"	# TDX_INCONSISTENT_CPUID
SYS_UPDATE_STATUS = "0xc000050900000000"	# TDX_SYS_INVALID_HANDOFF

# Instead of a status: refused by the kernel alone, and not refused at all.
KERNEL = "kernel"
ACCEPTED = "accepted"


@dataclasses.dataclass
class Broken:
    """A broken image: 1.5.06 or a variant of it, with one thing wrong.

    The edits apply in the order of the fields; the file's checksum is right unless
    edit_file makes it wrong."""
    name: str
    expect: str
    what: str
    module: str = "1.5.06"
    fields: dict = dataclasses.field(default_factory=dict)
    cpuids: list = dataclasses.field(default_factory=lambda: CPUIDS)
    key: str = "test-key.pem"
    edit_sigstruct: Callable = None	# after signing
    edit_module: Callable = None	# after hashing
    header: dict = dataclasses.field(default_factory=dict)
    edit_file: Callable = None		# after the checksum


def flip(offset):
    def edit(data):
        data[offset] ^= 1
    return edit


def cut(size):
    def edit(data):
        del data[-size:]
    return edit


def keep_one_byte(data):
    del data[1:]


def drop_all(data):
    data.clear()


def container_1_0(data):
    """The header of old files: another version, which moves all that follows it."""
    data[:tdximage.PAGE_SIZE] = tdximage.make_old_header(len(data))
    tdximage.set_checksum(data)


def extend_to(size):
    def edit(data):
        data.extend(bytes(size - len(data)))
    return edit


BROKEN = [
    Broken("bad-signature", EBADSIG, "one bit of the RSA signature is flipped",
           edit_sigstruct=flip(tdximage.SIGNATURE.start + 17)),
    Broken("wrong-key", EBADSIG, "signed, correctly, with a key that is not pinned",
           key="wrong-key.pem"),
    Broken("bad-hash", EBADHASH, "one bit of the module is flipped, after SEAMHASH was computed",
           edit_module=flip(0x1234)),
    Broken("truncated", KERNEL, "the last 2 KiB of the file are missing",
           edit_file=cut(2048)),
    Broken("one-byte", KERNEL, "a file of one byte", edit_file=keep_one_byte),
    Broken("bad-checksum", ACCEPTED,
           "the header's checksum is wrong; a stock kernel does not look at it",
           edit_file=flip(2)),

    # The TDX-BLOB header.
    Broken("container-1.0", KERNEL, "the old container, version 1.0: TDX-BLOB is at offset 8",
           edit_file=container_1_0),
    Broken("header-version", KERNEL, "the header's version is 0x0100", header={"version": 0x0100}),
    Broken("header-signature", KERNEL, "the header's signature is not TDX-BLOB",
           header={"signature": b"TDX-BL0B"}),
    Broken("header-reserved", KERNEL, "a reserved field of the header is not 0",
           header={"reserved": 1}),
    Broken("header-sigstruct-pages", KERNEL, "two pages of SEAM_SIGSTRUCT",
           edit_sigstruct=extend_to(8192)),
    Broken("header-module-pages", KERNEL, "497 pages of module, one more than P-SEAMLDR takes",
           edit_module=extend_to(497 * 4096)),
    Broken("header-size", KERNEL, "the header has fewer pages of module than the file",
           header={"module_nr_pages": 1}),
    Broken("no-module", EBADPARAM, "no page of module, and the header says so",
           edit_module=drop_all),
    # The kernel gives physical address 0, which is memory.
    Broken("no-sigstruct", EBADSIG, "no page of SEAM_SIGSTRUCT, and the header says so",
           edit_sigstruct=drop_all),

    # SEAM_SIGSTRUCT, correctly signed.
    Broken("sigstruct-header-type", EBADSIG, "SEAM_SIGSTRUCT.HEADER_TYPE is 7",
           fields={"header_type": 7}),
    Broken("sigstruct-size", EBADSIG, "SEAM_SIGSTRUCT.SIZE is 0x201 dwords",
           fields={"size": 0x201}),
    Broken("sigstruct-vendor", EBADSIG, "SEAM_SIGSTRUCT.VENDOR is not Intel",
           fields={"vendor": 0x1022}),
    Broken("sigstruct-exponent", EBADSIG, "SEAM_SIGSTRUCT.EXPONENT is 3", fields={"exponent": 3}),
    Broken("sigstruct-reserved", EBADSIG, "a reserved field of SEAM_SIGSTRUCT is not 0",
           fields={"reserved1": 1}),
    Broken("sigstruct-version", ACCEPTED,
           "names the module's version and more where older ones have zeros, as 2.0.04 does",
           fields={"update": 6, "minor": 5, "major": 1, "build": 0x35B, "reserved4": 8}),
    Broken("sigstruct-attributes", EBADSIG, "SEAM_SIGSTRUCT.ATTRIBUTES is not 0",
           fields={"attributes": 1}),
    Broken("debug-signed", EBADSIG, "signed for a CPU that is unlocked for debugging",
           fields={"module_type": tdximage.MODULE_TYPE_DEBUG}),
    Broken("handoff-range", EBADSIG, "MIN_UPDATE_HV is above MODULE_HV",
           fields={"min_update_hv": 2, "module_hv": 1}),
    Broken("offset-outside", EBADSIG, "GDT_IDT_OFFSET is behind the end of the module",
           fields={"gdt_idt_offset": 0x1F1000, "fault_wrapper_offset": 0x10}),
    Broken("no-cpu-table", EBADSIG, "the table of supported CPUs is empty", cpuids=[]),
    Broken("lower-svn", EBADSIG, "the minor SVN is lower than that of the other images",
           fields={"seamsvn": SVN - 1}),
    Broken("other-major-svn", EUNSUPPORTED, "the major SVN is higher than that of the other images",
           fields={"seamsvn": SVN + 0x0100}),
    Broken("zero-major-svn", EUNSUPPORTED, "the major SVN is 0: no TD-preserving update",
           fields={"seamsvn": SVN & 0xFF}),
    Broken("cpu-not-in-table", EUNSUPCPU, "supports other CPUs than the emulated host's",
           cpuids=LINE_2_0.cpuids),
    Broken("needs-more-memory", ENOMEM, "its data do not fit the SEAM range",
           fields={"num_global_data_pages": 0xFFFF}),
    Broken("handoff-too-new", EBADHANDOFF, "takes handoff data of version 9 only",
           fields={"min_update_hv": 9, "module_hv": 9}),

    # The image is right, the module in it is not.
    Broken("sys-init-fails", SYS_INIT_STATUS, "TDH.SYS.INIT fails", module="broken-sys-init"),
    Broken("lp-init-fails", LP_INIT_STATUS, "TDH.SYS.LP.INIT fails on one LP",
           module="broken-lp-init"),
    Broken("sys-update-fails", SYS_UPDATE_STATUS, "TDH.SYS.UPDATE fails",
           module="broken-sys-update"),
    Broken("other-metadata", ACCEPTED,
           "works, but reports other metadata (sizes of TD control structures); a stock kernel does not notice",
           module="broken-metadata"),
    Broken("fewer-features", ACCEPTED,
           "works, but lacks a feature that 1.5.07 has; a stock kernel does not notice",
           module="broken-features"),
]

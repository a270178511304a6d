# SPDX-License-Identifier: GPL-2.0-only
"""SEAM_SIGSTRUCT and TDX-BLOB files. The layouts are those of
emulator/abi/seamldr.h and image.h."""

import hashlib
import struct
import subprocess

PAGE_SIZE = 4096
MODULE_TYPE_DEBUG = 1 << 31

# Name: (offset, struct format, default). Fields that are not here are reserved.
SIGSTRUCT_FIELDS = {
    "header_type": (0, "<I", 6),
    "header_length": (4, "<I", 0xE1),
    "header_version": (8, "<I", 0x10000),
    "module_type": (12, "<I", 0),
    "vendor": (16, "<I", 0x8086),
    "date": (20, "<I", 0x20261122),
    "size": (24, "<I", 0x200),
    "key_size": (28, "<I", 0x60),
    "modulus_size": (32, "<I", 0x60),
    "exponent_size": (36, "<I", 1),
    "reserved1": (40, "<Q", 0),
    "exponent": (512, "<I", 0x10001),
    "seamsvn": (948, "<H", 0),
    "attributes": (950, "<Q", 0),
    "rip_offset": (958, "<I", 0),
    "num_stack_pages": (962, "<B", 1),
    "num_tls_pages": (963, "<B", 1),
    "num_keyhole_pages": (964, "<H", 127),
    "num_global_data_pages": (966, "<H", 33),
    "reserved2": (978, "<H", 0),
    "module_hv": (984, "<H", 0),
    "min_update_hv": (986, "<H", 0),
    "no_downgrade": (988, "<B", 0),
    "reserved3": (989, "<B", 0),
    "num_handoff_pages": (990, "<H", 13),
    "gdt_idt_offset": (992, "<I", 0),
    "fault_wrapper_offset": (996, "<I", 0),
    "update": (1000, "<H", 0),
    "minor": (1002, "<B", 0),
    "major": (1003, "<B", 0),
    "build": (1004, "<H", 0),
    "reserved4": (1006, "<H", 0),
    "cpuid_table_size": (1024, "<I", 0),
}
SIGSTRUCT_SIZE = 2048
MODULUS = slice(128, 512)
SIGNATURE = slice(516, 900)
SEAMHASH = slice(900, 948)
CPUID_TABLE_OFFSET = 1028

# Name: (offset, struct format).
HEADER_FIELDS = {
    "version": (0, "<H"),
    "checksum": (2, "<H"),
    "signature": (4, "8s"),
    "sigstruct_nr_pages": (12, "<I"),
    "module_nr_pages": (16, "<I"),
    "reserved": (20, "<I"),
}


class Key:
    """An RSA-3072 key in a PEM file."""

    def __init__(self, path):
        self.path = path
        text = self._openssl("rsa", "-in", path, "-noout", "-modulus")
        modulus = int(text.split(b"=")[1], 16)
        self.modulus = modulus.to_bytes(384, "little")

    @staticmethod
    def _openssl(*args, data=None):
        return subprocess.run(["openssl", *args], input=data, check=True,
                              stdout=subprocess.PIPE).stdout

    def sign(self, data):
        """PKCS#1 v1.5 with SHA-384, little endian. The same for the same data."""
        return self._openssl("dgst", "-sha384", "-sign", self.path, data=data)[::-1]


def pad_to_page(data):
    return data + bytes(-len(data) % PAGE_SIZE)


def make_sigstruct(module, key, cpuids, fields):
    """Return a signed SEAM_SIGSTRUCT for the bytes of a module."""
    raw = bytearray(SIGSTRUCT_SIZE)
    values = {name: default for name, (_, _, default) in SIGSTRUCT_FIELDS.items()}
    values["cpuid_table_size"] = len(cpuids)
    values.update(fields)
    for name, value in values.items():
        offset, form, _ = SIGSTRUCT_FIELDS[name]
        struct.pack_into(form, raw, offset, value)
    struct.pack_into(f"<{len(cpuids)}I", raw, CPUID_TABLE_OFFSET, *cpuids)
    raw[SEAMHASH] = hashlib.sha384(module).digest()
    raw[MODULUS] = key.modulus
    raw[SIGNATURE] = key.sign(bytes(raw[:MODULUS.start] + raw[SIGNATURE.stop:]))
    return raw


def make_blob(sigstruct, module, header):
    """Return a TDX-BLOB whose checksum is 0; see set_checksum()."""
    values = {
        "version": 0x0200,
        "checksum": 0,
        "signature": b"TDX-BLOB",
        "sigstruct_nr_pages": len(pad_to_page(sigstruct)) // PAGE_SIZE,
        "module_nr_pages": len(module) // PAGE_SIZE,
    }
    values.update(header)
    raw = bytearray(PAGE_SIZE)
    for name, value in values.items():
        offset, form = HEADER_FIELDS[name]
        struct.pack_into(form, raw, offset, value)
    return raw + pad_to_page(sigstruct) + module


def make_old_header(size):
    """Return a header of container version 1.0, whose checksum is 0."""
    raw = bytearray(PAGE_SIZE)
    module_offset = 2 * PAGE_SIZE
    struct.pack_into("<HHI8sI", raw, 0, 0x0100, 0, module_offset, b"TDX-BLOB", size)
    return raw


def word_sum(blob):
    """The sum that the checksum makes 0."""
    even = blob[:len(blob) & ~1]
    return sum(struct.unpack(f"<{len(even) // 2}H", even)) & 0xFFFF


def set_checksum(blob):
    struct.pack_into("<H", blob, HEADER_FIELDS["checksum"][0], 0)
    struct.pack_into("<H", blob, HEADER_FIELDS["checksum"][0], -word_sum(blob) & 0xFFFF)

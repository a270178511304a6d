# SPDX-License-Identifier: GPL-2.0-only
"""A TD's firmware (TDVF): what it measures, and Secure Boot taken out of it.

The layouts are those of Intel's "TDX Virtual Firmware Design Guide" (metadata), of
edk2's MdeModulePkg/Include/Guid/VariableFormat.h (variables) and of the TDX module's
specification (MRTD)."""

import hashlib
import struct
import uuid

PAGE = 4096
EXTEND_SIZE = 256

# The table of GUIDs ends here; its entries are read backwards.
TABLE_END = 0x20
TABLE_FOOTER = uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d")
METADATA_OFFSET = uuid.UUID("e47a6535-984a-4798-865e-4685a7bf8ec2")
ENTRY = struct.Struct("<H16s")
METADATA = struct.Struct("<4sIII")
SECTION = struct.Struct("<IIQQII")
MR_EXTEND, PAGE_AUG = 1, 2

# EFI_GUID of the volume's variable store, and of the variable PK.
VARIABLE_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
GLOBAL_VARIABLE = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
STORE_HEADER = struct.Struct("<16sIBBHI")
VARIABLE = struct.Struct("<HBBIQ16sIII16s")
VARIABLE_START = 0x55AA
# Bits are cleared one after the other, as flash memory can do.
ADDED, DELETED = 0x3F, 0xFD


class Firmware:
    def __init__(self, content):
        self.content = bytearray(content)
        self.sections = self._metadata()

    def _table(self):
        """GUID -> data of the table's entries."""
        end = len(self.content) - TABLE_END
        size, guid = ENTRY.unpack_from(self.content, end - ENTRY.size)
        if guid != TABLE_FOOTER.bytes_le:
            raise ValueError("no firmware for a TD: it has no table of GUIDs")
        start, at = end - size, end - ENTRY.size
        while at > start:
            size, guid = ENTRY.unpack_from(self.content, at - ENTRY.size)
            yield uuid.UUID(bytes_le=guid), self.content[at - size:at - ENTRY.size]
            at -= max(size, ENTRY.size)

    def _metadata(self):
        offset = dict(self._table()).get(METADATA_OFFSET)
        if not offset:
            raise ValueError("no firmware for a TD: it has no TDX metadata")
        at = len(self.content) - int.from_bytes(offset, "little")
        signature, _, version, count = METADATA.unpack_from(self.content, at)
        if signature != b"TDVF" or version != 1:
            raise ValueError("no firmware for a TD: its TDX metadata are of another version")
        return [SECTION.unpack_from(self.content, at + METADATA.size + n * SECTION.size)
                for n in range(count)]

    def measured(self):
        """The parts of the file whose content is in MRTD."""
        return [(offset, size) for offset, size, _, _, _, attributes in self.sections
                if attributes & MR_EXTEND]

    def mrtd(self):
        """What MRTD is when a VMM adds the sections in their order, page by page."""
        digest = hashlib.sha384()
        for offset, size, address, memory, _, attributes in self.sections:
            if attributes & PAGE_AUG:
                continue
            data = bytes(self.content[offset:offset + size]).ljust(memory, b"\0")
            for at in range(0, memory, PAGE):
                digest.update(_block(b"MEM.PAGE.ADD", address + at))
                for chunk in range(at, at + PAGE, EXTEND_SIZE) if attributes & MR_EXTEND else ():
                    digest.update(_block(b"MR.EXTEND", address + chunk))
                    digest.update(data[chunk:chunk + EXTEND_SIZE])
        return digest.digest()

    def delete_platform_key(self):
        """Out of Secure Boot, into setup mode: without PK nothing has to be signed.

        Nothing that is measured changes, and so MRTD does not."""
        before = self.mrtd()
        at = self.content.find(VARIABLE_STORE.bytes_le)
        if at < 0:
            raise ValueError("this firmware has no store of variables")
        end = at + STORE_HEADER.unpack_from(self.content, at)[1]
        at += STORE_HEADER.size
        deleted = 0
        while at + VARIABLE.size <= end:
            start, state, _, _, _, _, _, name_size, data_size, guid = \
                VARIABLE.unpack_from(self.content, at)
            if start != VARIABLE_START:
                break
            name = self.content[at + VARIABLE.size:at + VARIABLE.size + name_size]
            if state == ADDED and guid == GLOBAL_VARIABLE.bytes_le and \
                    name == "PK\0".encode("utf-16-le"):
                self.content[at + 2] = state & DELETED
                deleted += 1
            at = (at + VARIABLE.size + name_size + data_size + 3) & ~3
        if self.mrtd() != before:
            raise ValueError("the platform key is in a part of the firmware that is measured")
        return deleted


def _block(name, address):
    return name.ljust(16, b"\0") + struct.pack("<Q", address) + bytes(104)

"""PNG files as the standard has them, which Pillow would not write."""

import struct
import zlib


def png_of(depth, colour, size, pixels, *chunks):
    """A PNG file as the standard has it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    extra = b"".join(part if isinstance(part, bytes) else chunk(*part) for part in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


ORIENTATION = b"MM\0*\0\0\0\x08\0\x01\x01\x12"
"""EXIF with an orientation, up to the type of its value."""

METADATA = {
    "EXIF that is none": [(b"eXIf", b"no metadata here")],
    "EXIF cut short": [(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff")],
    "orientation of another type": [(b"eXIf", ORIENTATION + b"\0\x05\0\0\0\x01\0\0\xff\xff" + bytes(4))],
    "orientation that is none": [(b"eXIf", ORIENTATION + b"\0\x03\0\0\0\x01\0\x09\0\0" + bytes(4))],
    "profile that is none": [(b"iCCP", b"name\0\0not packed")],
    "text that is not packed": [(b"zTXt", b"key\0\0not packed")],
    "resolution cut short": [(b"pHYs", b"1")],
    "gamma of nothing": [(b"gAMA", b"")],
    "text with a wrong checksum": [b"\0\0\0\x03tEXta\0b" + bytes(4)],
}

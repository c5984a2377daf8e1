"""PNG files: their pixels without the metadata, where these are broken."""

from __future__ import annotations

import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_OF_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""Chunks that pixels are made of."""


def without_metadata(file: bytes) -> bytes | None:
    """The content of a PNG file with nothing but what its pixels are made of; None of another file.

    Transparency is left out where its chunk is damaged; other damage to pixels is left as it is.
    """
    if not file.startswith(_SIGNATURE):
        return None
    parts, place = [_SIGNATURE], len(_SIGNATURE)
    while place + 8 <= len(file):
        end = place + 12 + int.from_bytes(file[place : place + 4])
        kind, chunk = file[place + 4 : place + 8], file[place:end]
        whole = zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:]) and len(chunk) > 13
        if kind in _OF_PIXELS and (whole or kind != b"tRNS"):
            parts.append(chunk)
        place = end
    return b"".join(parts)

"""Compressed bodies: what a gzip body holds, as far as a body may go."""

from __future__ import annotations

import zlib

from catchments.core.errors import BodyTooLarge
from catchments.web.v1.bulk.rows import AT_MOST, BodyRefused

LONGEST_BODY = 4 << 20
"""Bytes, also once they are unpacked."""
MEMBERS_AT_MOST = 1_000
"""Gzip files behind each other in one body: a program that packs in blocks writes some seventy."""
_UNPACKED_AT_ONCE = 16 << 10


def unpacked(body: bytes) -> bytes:
    """Return what a gzip body holds; its members are taken in turn, as gzip itself does.

    Linear in the body. Raises BodyTooLarge for more than LONGEST_BODY bytes, long before a bomb has
    burst, and for more members than are taken; BodyRefused for what is not gzip or ends early.
    """
    parts: list[bytes] = []
    at, left = 0, LONGEST_BODY + 1
    for _ in range(MEMBERS_AT_MOST):
        part, at = _member(memoryview(body), at, left)
        parts.append(part)
        left -= len(part)
        if at == len(body):
            return b"".join(parts)
    raise BodyTooLarge(
        f"The body has more than {MEMBERS_AT_MOST:,} gzip members.",
        allowed=f"At most {MEMBERS_AT_MOST:,} gzip files may follow each other in one body.",
        next_step="Compress it as one.",
    )


def _member(body: memoryview, at: int, left: int) -> tuple[bytes, int]:
    """Return what the gzip member at a place holds, less than `left` bytes, and where it ends."""
    unpacking = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    while not unpacking.eof:
        # A piece at a time: what is left of it once a member ends is copied by the library.
        piece = body[at : at + _UNPACKED_AT_ONCE]
        try:
            parts.append(unpacking.decompress(piece, left))
        except zlib.error as error:
            raise _not_gzip() from error
        left -= len(parts[-1])
        if left <= 0:
            raise too_large()
        if not piece:
            raise _not_gzip()
        at += len(piece) - len(unpacking.unused_data)
    return b"".join(parts), at


def too_large() -> BodyTooLarge:
    """Return what is said of a body with too many bytes."""
    return BodyTooLarge(
        f"The body has more than {LONGEST_BODY:,} bytes.",
        allowed=f"At most {AT_MOST:,} rows in {LONGEST_BODY >> 20} MB, also once unpacked.",
        next_step="Send it in parts; scripts/resolve takes files of any size.",
    )


def _not_gzip() -> BodyRefused:
    return BodyRefused(
        "The body is not gzip, or it ends too early.",
        allowed="Content-Encoding: gzip says that the whole body is a gzip file.",
        next_step="Send it again, or send it without compression.",
    )

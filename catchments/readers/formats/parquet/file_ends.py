"""The first and last bytes of a Parquet file: whether it is whole, and in the clear.

Source: https://parquet.apache.org/docs/file-format/: a footer, its length, a mark.
"""

from __future__ import annotations

import os
from pathlib import Path

from catchments.core.errors import FileRefused, shown

MARK, ENCRYPTED = b"PAR1", b"PARE"
FOOTER_AT_MOST = 16_000_000
"""Bytes: some thousand times what a file of ours needs."""
_ENDS = 8


def check_ends(path: Path) -> None:
    """Refuse a file that is cut short, encrypted, or has a footer longer than any honest one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begins = file.read(len(MARK))
        file.seek(max(0, size - _ENDS), os.SEEK_SET)
        ends = file.read(_ENDS)
    footer, mark = int.from_bytes(ends[:4], "little"), ends[4:]
    name = shown(path.name)
    if ENCRYPTED in (begins, mark):
        raise encrypted(name)
    if begins != MARK or mark != MARK:
        raise damaged(name, "its end is missing" if begins == MARK else "it does not begin as one")
    if not 0 < footer <= size - len(MARK) - _ENDS:
        raise damaged(name, f"its footer has {footer:,} bytes by its own account")
    if footer > FOOTER_AT_MOST:
        raise FileRefused(
            f"{name} has a footer of {footer / 1e6:,.0f} MB.",
            allowed=f"It may have {FOOTER_AT_MOST / 1e6:,.0f} MB.",
            next_step="Write it again in fewer row groups, with the columns that are needed.",
        )


def encrypted(name: str) -> FileRefused:
    """Return the refusal of an encrypted file; `name` is fit for a message."""
    return FileRefused(f"{name} is encrypted, or parts of it are.", next_step="Write it without.")


def damaged(name: str, why: str) -> FileRefused:
    """Return the refusal of what is no Parquet file, or a broken one; `name` as above."""
    return FileRefused(
        f"{name} is not a Parquet file, or it is damaged: {why}.",
        next_step="Write or download it again.",
    )

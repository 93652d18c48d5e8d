"""Zips and KMZ, unpacked within limits of size, and only what stays inside its folder."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.file_checks import not_what_it_says

MAX_UNPACKED_BYTES = 1_000_000_000
MAX_UNPACKED_RATIO = 200
"""A real boundary file packs to a tenth or so; more than this is made to burst."""
RATIO_COUNTS_FROM_BYTES = 10_000_000
MAX_ARCHIVE_MEMBERS = 1_000

_ARCHIVES = {".zip", ".kmz", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"}


def unpacked_members(
    path: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]
) -> list[Path]:
    """Unpack the wanted members under plain names in `folder`, each directory as one of its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_archive(members, path)
            chosen = [
                member
                for member in members
                if not member.is_dir() and wanted(PurePosixPath(member.filename))
            ]
            return [_unpack(archive, member, folder) for member in chosen]
    except NotImplementedError as error:
        raise not_what_it_says(path, "an archive that can be unpacked here", error) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise FileRefused(
            f"{shown(path.name)} is not a whole zip archive: it is truncated or damaged.",
            next_step="Download or export it again.",
        ) from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    inside = PurePosixPath(member.filename)
    whole = re.sub(r"[^0-9A-Za-z]+", "_", str(inside.parent))[:100]
    target = (
        folder / whole / (re.sub(r"[^\w ()#-]+", "_", inside.stem)[:60] + inside.suffix.lower())
    )
    target.parent.mkdir(exist_ok=True)
    with archive.open(member) as packed, target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)  # zipfile stops at the size that was checked
    return target


def _check_archive(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    name = shown(path.name)
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRefused(
            f"{name} is protected by a password.", next_step="Pack it again without one."
        )
    for member in members:
        _check_member(member, name)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    bursting = unpacked > RATIO_COUNTS_FROM_BYTES and unpacked / packed > MAX_UNPACKED_RATIO
    if bursting or unpacked > MAX_UNPACKED_BYTES or len(members) > MAX_ARCHIVE_MEMBERS:
        raise FileRefused(
            f"{name} would unpack to {unpacked / 1e6:,.0f} MB in {len(members):,} files.",
            allowed=(
                f"It may unpack to {MAX_UNPACKED_BYTES / 1e6:,.0f} MB, {MAX_UNPACKED_RATIO} times"
                f" its own size and {MAX_ARCHIVE_MEMBERS:,} files."
            ),
        )


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in member.filename:
        raise FileRefused(
            f"{name} has a file whose path leads out of the archive: {shown(member.filename)}.",
            next_step="Do not use this file.",
        )
    if inside.suffix.casefold() in _ARCHIVES:
        raise FileRefused(
            f"{name} has an archive inside it: {shown(member.filename)}.",
            next_step="Unpack it once and import what is inside.",
        )

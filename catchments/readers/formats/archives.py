"""Zips and KMZ, unpacked within limits of size, and only what stays inside its folder."""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.file_refusals import not_what_it_says

MAX_UNPACKED_BYTES = 1_000_000_000
MAX_UNPACKED_RATIO = 200
"""A real boundary file packs to a tenth or so; more than this is made to burst."""
RATIO_COUNTS_FROM_BYTES = 10_000_000
MAX_ARCHIVE_MEMBERS = 1_000

_UTF8 = 0x800
"""The flag of a member whose name is said to be UTF-8; APPNOTE.TXT 4.4.4, bit 11."""
_OF_SYSTEMS = {".ds_store", "thumbs.db", "desktop.ini", ".localized"}
_ARCHIVES = {".zip", ".kmz", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"}


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, and its path in there as its author wrote it."""

    path: PurePosixPath
    info: zipfile.ZipInfo

    @property
    def name(self) -> str:
        """Its path, to be named by."""
        return str(self.path)

    @property
    def ending(self) -> str:
        """The ending of its name in small letters."""
        return self.path.suffix.casefold()


class Archive:
    """A zip that was found to be harmless: its members, without what a system adds of itself."""

    def __init__(self, opened: zipfile.ZipFile, path: Path) -> None:
        self.path = path
        self._opened = opened
        every = [Member(_path_of(info), info) for info in opened.infolist() if not info.is_dir()]
        self.members = [member for member in every if not _is_of_a_system(member.path)]
        self.of_systems = len(every) - len(self.members)
        """How many there are that Finder or Explorer put there for themselves."""

    def unpack(self, member: Member, target: Path) -> Path:
        """Write what is in a member to a file of ours, and return that."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            _refused_if_damaged(self.path),
            self._opened.open(member.info) as packed,
            target.open("wb") as unpacked,
        ):
            shutil.copyfileobj(packed, unpacked)  # zipfile stops at the size that was checked
        return target

    def content(self, member: Member) -> bytes:
        """Return what is in a member."""
        with _refused_if_damaged(self.path):
            return self._opened.read(member.info)


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open a zip or KMZ, which is refused before anything is unpacked if it is made to harm.

    Raises FileRefused, also while it is unpacked: for what is no archive, damaged, or locked.
    """
    with _refused_if_damaged(path):
        opened = zipfile.ZipFile(path)
    with opened:
        _check_archive(opened.infolist(), path)
        yield Archive(opened, path)


@contextmanager
def _refused_if_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise not_what_it_says(path, "an archive that can be unpacked here", error) from error
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
        *(EOFError, OSError, ValueError, RuntimeError),
    ) as error:
        raise FileRefused(
            f"{shown(path.name)} is not a whole zip archive: it is truncated or damaged.",
            next_step="Download or export it again.",
        ) from error


def _path_of(info: zipfile.ZipInfo) -> PurePosixPath:
    """Return a member's path; Finder writes UTF-8 without saying so, which is read as cp437."""
    name = info.filename
    if not info.flag_bits & _UTF8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return PurePosixPath(name.replace("\\", "/"))


def _is_of_a_system(path: PurePosixPath) -> bool:
    return (
        "__MACOSX" in path.parts
        or path.name.startswith("._")
        or path.name.casefold() in _OF_SYSTEMS
    )


def _check_archive(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    name = shown(path.name)
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRefused(
            f"{name} is protected by a password.", next_step="Pack it again without one."
        )
    for member in members:
        _check_member(member, name)
    twice = [each for each, count in Counter(m.filename for m in members).items() if count > 1]
    if twice:
        raise FileRefused(
            f"{name} has the member {shown(twice[0])} twice; programs differ which they read.",
            next_step="Pack it again.",
        )
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
    if inside.suffix.casefold() in _ARCHIVES and not _is_of_a_system(inside):
        raise FileRefused(
            f"{name} has an archive inside it: {shown(member.filename)}.",
            next_step="Unpack it once and import what is inside.",
        )

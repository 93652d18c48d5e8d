"""The zip that a workbook is: what kind it is, how large, and that no part of it is a trap."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO
from xml.parsers import expat

from catchments.core.errors import FileRefused, shown

UNPACKED_LIMIT_MB = 100
"""The largest workbook, unpacked, that is read."""
MAX_PARTS = 2_000
MAX_UNPACKED_RATIO = 200
"""A real workbook packs to a tenth or so; more than this is made to burst."""
RATIO_COUNTS_FROM_MB = 10

_MEGABYTE = 1 << 20
_BLOCK_BYTES = 1 << 14
_ENCRYPTED = 1
_SAVE_AS = "Open it, and save it as .xlsx or CSV UTF-8."
_OTHER_KINDS = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)", _SAVE_AS),
    ("word/document.xml", "a Word document (.docx)", "Copy its table into a workbook."),
    ("ppt/presentation.xml", "a PowerPoint presentation", "Copy its table into a workbook."),
    ("content.xml", "an OpenDocument file (.ods)", _SAVE_AS),
    ("index/document.iwa", "an Apple Numbers file", "Export it as .xlsx or CSV."),
)
"""What else a zip may be, by a part that only this has."""
_OTHER_SUFFIXES = (
    (".kml", "a KMZ, a map", "A map is imported with flask catchments import."),
    (".shp", "a zipped Shapefile", "A map is imported with flask catchments import."),
    (".csv", "a zip with a CSV file in it", "Unpack it, and import the file in it."),
    (".xlsx", "a zip with a workbook in it", "Unpack it, and import the file in it."),
)


def bad_workbook(path: Path, why: str = "it is damaged or another format") -> FileRefused:
    """Return the refusal of a file that is no workbook, or a broken one."""
    return FileRefused(
        f"{shown(path.name)} is not a workbook that can be read: {why}.",
        next_step="Download it again, or open it and save it as .xlsx or CSV UTF-8.",
    )


def refuse_unsafe_package(path: Path, file: IO[bytes]) -> None:
    """Raise FileRefused for what is no workbook, is locked, bursts, or has entities in a part."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _refuse_locked(path, members)
            _refuse_bursting(path, members)
            if len({member.filename.casefold() for member in members}) < len(members):
                raise bad_workbook(path, "it has a part twice, and programs differ which they read")
            _refuse_other_kinds(path, [member.filename.casefold() for member in members])
            for member in members:
                _refuse_document_type(path, archive, member)
    except FileRefused:
        raise
    except Exception as error:  # the many ways in which a damaged archive shows itself
        raise bad_workbook(path) from error


def _refuse_locked(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise FileRefused(
            f"{shown(path.name)} is locked with a password.",
            next_step="Save it without a password.",
        )


def _refuse_bursting(path: Path, members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members) / _MEGABYTE
    times = unpacked / (max(1, path.stat().st_size) / _MEGABYTE)
    unpacks = f"unpacks to {unpacked:,.0f} MB"
    bursts = unpacked > RATIO_COUNTS_FROM_MB and times > MAX_UNPACKED_RATIO
    its_size = f"{unpacks}, {times:,.0f} times its own size"
    parts = len(members)
    for is_so, what, allowed in (
        (unpacked > UNPACKED_LIMIT_MB, unpacks, f"{UNPACKED_LIMIT_MB} MB are"),
        (bursts, its_size, f"{MAX_UNPACKED_RATIO} times is"),
        (parts > MAX_PARTS, f"has {parts:,} parts", f"{MAX_PARTS:,} are"),
    ):
        if is_so:
            raise FileRefused(
                f"{shown(path.name)} {what}.",
                allowed=f"At most {allowed} read.",
                next_step="Save the one sheet that matters as CSV UTF-8.",
            )


def _refuse_other_kinds(path: Path, names: list[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    for part, what, next_step in _OTHER_KINDS:
        if part in names:
            raise FileRefused(f"{shown(path.name)} is {what}.", next_step=next_step)
    for suffix, what, next_step in _OTHER_SUFFIXES:
        if any(name.endswith(suffix) for name in names):
            raise FileRefused(f"{shown(path.name)} is {what}.", next_step=next_step)


def _refuse_document_type(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Refuse a part that declares a document type: no spreadsheet writes one, entities need one."""
    try:
        if _declares_document_type(archive, member):
            raise bad_workbook(path, "a part of it declares entities, which no spreadsheet does")
    except (expat.ExpatError, LookupError, ValueError):
        return  # a picture, or damage that shows itself where the part is read


def _declares_document_type(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    declared: list[str] = []
    elements: list[str] = []  # what comes after the first declares nothing
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda name, *_: declared.append(name)
    parser.StartElementHandler = lambda name, *_: elements.append(name)
    with archive.open(member) as part:
        while not (declared or elements) and (block := part.read(_BLOCK_BYTES)):
            parser.Parse(block)
    return bool(declared)

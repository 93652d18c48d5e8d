"""Shapefiles, unpacked into a folder of their own, through GDAL: geometries, fields and their text.

GDAL guesses a file's format from its bytes, so it sees nothing but parts that were shown to be a
Shapefile's, under names of ours. What its texts are in it is not asked: their bytes are looked at.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.file_refusals import not_what_it_says
from catchments.readers.formats.shapefile.asking import held_in
from catchments.readers.formats.shapefile.messages import Held, Value
from catchments.readers.formats.vectors.cut_names import whole_names
from catchments.readers.formats.vectors.layers import Declared, Layer
from catchments.readers.formats.vectors.stored_shapes import shape_of
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
_MAGIC = b"\x00\x00\x27\x0a"
_PAGES_BY_ID = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252"}
"""What byte 29 of a .dbf says; 0x57, which most programs write, means “as on this machine”."""
_ANSI = re.compile(r"(?:ANSI|WINDOWS|CP)?[ _-]*(125[0-8]|437|85[0-9]|86[0-9])", re.IGNORECASE)
_ISO = re.compile(r"(?:ISO)?[ _-]*8859[ _-]*(1?\d)", re.IGNORECASE)
_LONGEST_CPG = 100
_WIDEST, _LONGEST_LETTER = 254, 4
"""Bytes: of a text in a .dbf, and of a letter in UTF-8."""


def read_shapefile(shp: Path, name: str, path: Path, report: Report, declared: Declared) -> Layer:
    """Return the layer of a Shapefile whose parts stand side by side; `path` is what a person gave.

    Raises FileRefused for one that is not whole.
    """
    with shp.open("rb") as opened:
        magic = opened.read(4)
    missing = [part for part in (".shx", ".dbf") if not shp.with_suffix(part).exists()]
    if missing or magic != _MAGIC:
        lacks = f"its {' and '.join(missing)} is missing" if missing else ""
        raise not_what_it_says(path, "a whole Shapefile", lacks)
    said = _encoding_said(shp)
    shp.with_suffix(".cpg").unlink(missing_ok=True)
    held = held_in(shp, path)
    stored = enumerate(held.shapes, start=1)
    geometries = [shape_of(shape, path, f"feature {number}") for number, shape in stored]
    names = whole_names(held.names)
    rows = [dict(zip(names, row, strict=True)) for row in _rows(held)]
    whole = dict(zip(held.names, names, strict=True))
    widths = {whole.get(field, field): width for field, width in _widths(shp).items()}
    encoding = _encoding(rows, widths, said, name, path, report)
    if not declared.is_ours:  # ours has beside it what its table has no room for
        _report_full(rows, widths, f"{path.name}, layer {shown(name)}", report)
    values = [texts_of(_decoded(row, encoding)) for row in rows]
    return Layer(name, held.crs, geometries, values, declared=declared)


def _rows(held: Held) -> Iterator[tuple[Value, ...]]:
    return zip(*held.columns, strict=True) if held.columns else iter([()] * held.features)


def _report_full(
    rows: Sequence[Mapping[str, Any]], widths: Mapping[str, int], where: str, report: Report
) -> None:
    """Report the fields of which a text fills all there is room for in any .dbf: it may be cut."""
    for field in (field for field, width in widths.items() if width >= _WIDEST):
        full = sum(len(str(row.get(field) or "")) > _WIDEST - _LONGEST_LETTER for row in rows)
        if full:
            what = f"{full:,} texts of {shown(field)} fill their {_WIDEST} bytes"
            report.problem(where, what, "taken as they are; they may be cut off")


# --- encoding -------------------------------------------------------------------------------------


def _encoding_said(shp: Path) -> str | None:
    """Return the encoding that a .cpg, or else the .dbf, says; None where it is not plain."""
    cpg = shp.with_suffix(".cpg")
    if cpg.exists():
        text = cpg.read_bytes()[:_LONGEST_CPG].decode("ascii", errors="replace").strip().strip('"')
        if text.upper().replace("-", "") in {"UTF8", "65001"}:
            return "utf-8"
        if page := _ANSI.fullmatch(text):
            return f"cp{page.group(1)}"
        if iso := _ISO.fullmatch(text):
            return f"iso8859-{iso.group(1)}"
        return None
    with shp.with_suffix(".dbf").open("rb") as opened:
        head = opened.read(30)
    return _PAGES_BY_ID.get(head[29]) if len(head) == 30 else None


def _widths(shp: Path) -> dict[str, int]:
    """Return how many bytes each field of the .dbf has room for, by name; source: dBASE III."""
    with shp.with_suffix(".dbf").open("rb") as opened:
        head = opened.read(32)
        (size,) = struct.unpack("<H", head[8:10]) if len(head) == 32 else (0,)
        rest = opened.read(max(0, size - 32))
    fields = [rest[at : at + 32] for at in range(0, len(rest) - 31, 32)]
    return {each[:11].split(b"\0")[0].decode("latin-1"): each[16] for each in fields}


def _encoding(
    rows: Sequence[Mapping[str, Any]],
    widths: Mapping[str, int],
    said: str | None,
    name: str,
    path: Path,
    report: Report,
) -> str:
    """Return what texts are in: UTF-8 if they are, else what is said, else Windows-1252, said."""
    whole = [*_texts(rows, widths)]
    others = [text for text in whole if not text.isascii()]
    if not others:
        return "utf-8"
    if _decodes(others, "utf-8"):
        report.took(f"{name}: text in UTF-8")
        if said and said != "utf-8":
            what = f"its bytes are UTF-8; the file says {said}"
            report.problem(f"{path.name}, layer {shown(name)}", what, "read as UTF-8")
        return "utf-8"
    if said and said != "utf-8" and _decodes(others, said):
        report.took(f"{name}: text in {said}, as the file says")
        return said
    if not _decodes(others, "cp1252"):
        raise FileRefused(
            f"{shown(path.name)}, layer {shown(name)}: its texts are neither UTF-8 nor"
            " Windows-1252.",
            next_step="Export it again, as UTF-8.",
        )
    what = "its text is not UTF-8" + (", as the file says" if said else ", and it says no other")
    report.problem(f"{path.name}, layer {shown(name)}", what, "read as Windows-1252")
    return "cp1252"


def _texts(rows: Sequence[Mapping[str, Any]], widths: Mapping[str, int]) -> Iterator[bytes]:
    """Yield the bytes of all texts; a character that a full field cuts in two is left out."""
    for row in rows:
        for field, value in row.items():
            yield field.encode("latin-1", errors="replace")
            if isinstance(value, str):
                yield _uncut(value.encode("latin-1", errors="replace"), widths.get(field, 0))


def _uncut(text: bytes, width: int) -> bytes:
    if len(text) < max(width, 1) or text.isascii():
        return text
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        return text[: error.start] if error.reason == "unexpected end of data" else text
    return text


def _decodes(texts: Sequence[bytes], encoding: str) -> bool:
    try:
        for text in texts:
            text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(row: Mapping[str, Any], encoding: str) -> Iterator[tuple[str, Any]]:
    for field, value in row.items():
        yield _text(field, encoding), _text(value, encoding) if isinstance(value, str) else value


def _text(letters: str, encoding: str) -> str:
    """Return a text whose letters are bytes; only a full field can end in half a character."""
    return letters.encode("latin-1", errors="replace").decode(encoding, errors="ignore")

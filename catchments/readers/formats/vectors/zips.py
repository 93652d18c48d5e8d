"""Zips and KMZ → the layers of the map in them, with an account of every member.

A KMZ's root is its doc.kml, and what that links to inside the archive belongs to it, but nothing
outside. A zip has Shapefiles, or one file of another format. Source: OGC 12-007r2 (KML 2.3).
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from catchments.core.errors import FileRefused, shown
from catchments.core.plain_cells import as_meant
from catchments.readers.formats.archives import Archive, Member, opened_archive
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.file_refusals import ALLOWED
from catchments.readers.formats.text_files import TextFault, long_cells, rows_of_text
from catchments.readers.formats.vectors.declarations import (
    is_table_of_ours,
    providers_of,
    sources_of,
)
from catchments.readers.formats.vectors.geopackage_layers import read_geopackage
from catchments.readers.formats.vectors.geoparquet import read_geoparquet
from catchments.readers.formats.vectors.json_files import read_json
from catchments.readers.formats.vectors.kml import (
    Link,
    read_kml,
    refuse_links_alone,
    report_links,
)
from catchments.readers.formats.vectors.layers import Declared, Layer
from catchments.readers.formats.vectors.shapefiles import PARTS, read_shapefile
from catchments.readers.formats.vectors.wkt_tables import read_wkt_table
from catchments.readers.report import Report

_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".tif", ".tiff", ".webp", ".ico"}
_BESIDE_A_SHAPEFILE = {
    *(".sbn", ".sbx", ".qix", ".qmd", ".qpj", ".qml", ".sld", ".lyr", ".lyrx", ".ain", ".aih"),
    *(".atx", ".ixs", ".mxs", ".fbn", ".fbx", ".cst", ".fix", ".idm", ".ind"),
}
OTHERS: Mapping[str, Callable[[Path, Report], list[Layer]]] = {
    ".geojson": read_json,
    ".topojson": read_json,
    ".json": read_json,
    ".gpkg": read_geopackage,
    ".parquet": read_geoparquet,
    ".geoparquet": read_geoparquet,
    ".csv": read_wkt_table,
}
"""What reads a file of a format that may stand in a zip, by its ending."""
_OURS = {"sources.csv": "sources", "providers.csv": "providers"}
_LONG_TEXTS = "long_texts.csv"
_TABLE_AT_MOST = 20_000_000
_ROWS_AT_MOST = 200_000
_ROOT = "doc.kml"
_CUT_AT = 254
"""Bytes: a .dbf has room for no more."""


def read_zip(path: Path, report: Report) -> list[Layer]:
    """Return the layers of a KMZ, or of the map in a zip; every member is read or reported."""
    with opened_archive(path) as archive, tempfile.TemporaryDirectory() as folder:
        why = "the system put them there for itself"
        report.leave_out("files of Finder or Explorer", why, archive.of_systems)
        kmls = [member for member in archive.members if member.ending == ".kml"]
        shapes = [member for member in archive.members if member.ending == ".shp"]
        others = _maps(archive, with_tables=not kmls and not shapes)
        if path.suffix.casefold() == ".kmz":
            if not kmls:
                raise FileRefused(
                    f"{shown(path.name)} has no KML in it.", next_step="Export it again."
                )
            return _read_kmls(archive, kmls, Path(folder), report)
        _refuse_several(path, kmls, shapes, others)
        if kmls:
            return _read_kmls(archive, kmls, Path(folder), report)
        if shapes:
            return _read_shapefiles(archive, shapes, Path(folder), report)
        return _read_other(archive, others[0], Path(folder), report)


def _maps(archive: Archive, *, with_tables: bool) -> list[Member]:
    """Return the members of other formats; a table is a map only where there is nothing else."""
    found = [member for member in archive.members if member.ending in OTHERS]
    maps = [member for member in found if member.ending != ".csv"]
    return maps or (found if with_tables else [])


def _refuse_several(
    path: Path, kmls: Sequence[Member], shapes: Sequence[Member], others: Sequence[Member]
) -> None:
    maps = [*kmls[:1], *shapes, *others]
    if not maps:
        raise FileRefused(
            f"{shown(path.name)} has no Shapefile in it, nor another map.",
            allowed=f"A zip must have a .shp with its .shx, .dbf and .prj. {ALLOWED}",
        )
    if len(maps) > 1 and len(maps) > len(shapes):
        named = ", ".join(shown(member.name) for member in maps[:5])
        raise FileRefused(
            f"{shown(path.name)} holds {len(maps)} maps: {named}.",
            allowed="A zip may have Shapefiles, or one map of another format.",
            next_step="Unpack it, and import the one that is meant.",
        )


def _leave_out(members: Iterable[Member], report: Report) -> None:
    """Report members that are no part of a map, by what they are."""
    for member in members:
        if member.ending in _PICTURES:
            report.leave_out("pictures in the archive", "a picture has no boundaries")
        elif member.ending in _BESIDE_A_SHAPEFILE or member.name.casefold().endswith(".shp.xml"):
            report.leave_out("indexes and notes beside a Shapefile", "the map needs none of them")
        else:
            report.leave_out(f"member {shown(member.name)}", "it is no part of a map")


def _read_other(archive: Archive, member: Member, folder: Path, report: Report) -> list[Layer]:
    target = archive.unpack(member, folder / f"source{member.ending}")
    report.took(f"member {shown(member.name)}")
    _leave_out((each for each in archive.members if each is not member), report)
    named = folder / member.path.name
    if named.name == target.name or not named.name.isprintable() or len(named.name) > 100:
        return OTHERS[member.ending](target, report)
    return OTHERS[member.ending](target.rename(named), report)


# --- KML ------------------------------------------------------------------------------------------


def _read_kmls(
    archive: Archive, kmls: Sequence[Member], folder: Path, report: Report
) -> list[Layer]:
    """Return the layers of the root and of whatever it links to in the archive, each once."""
    by_path = {member.path: member for member in kmls}
    small = {str(path).casefold(): found for path, found in by_path.items()}
    left, done = [_root(archive, kmls)], set[PurePosixPath]()
    layers: list[Layer] = []
    outside: list[Link] = []
    while left:
        member = left.pop()
        if member.path in done:
            continue
        done.add(member.path)
        file = archive.unpack(member, folder / f"{len(done)}.kml")
        found, links = read_kml(file, archive.path, member.path.stem, report)
        file.unlink()
        report.took(f"member {shown(member.name)}")
        layers += found
        inside = [_linked(link, member, by_path, small) for link in links]
        left += [each for each in reversed(inside) if each]
        outside += [link for link, led in zip(links, inside, strict=True) if not led]
    refuse_links_alone(layers, outside, archive.path)
    report_links(outside, archive.path, report)
    for member in kmls:
        if member.path not in done:
            why = "its doc.kml does not link to it"
            report.leave_out(f"member {shown(member.name)}", why)
            report.problem(archive.path.name, f"{shown(member.name)}: {why}", "not read")
    _leave_out((each for each in archive.members if each.ending != ".kml"), report)
    return layers


def _root(archive: Archive, kmls: Sequence[Member]) -> Member:
    """Return the one KML that is the map: doc.kml, the outermost; else the only one there is."""
    named = [member for member in kmls if member.path.name.casefold() == _ROOT]
    if named:
        return min(named, key=lambda member: len(member.path.parts))
    if len(kmls) == 1:
        return kmls[0]
    raise FileRefused(
        f"{shown(archive.path.name)} holds {len(kmls)} KML files, and none is its doc.kml:"
        f" {', '.join(shown(member.name) for member in kmls[:5])}.",
        next_step="Unpack it, and import those that are meant, together.",
    )


def _linked(
    link: Link,
    member: Member,
    by_path: Mapping[PurePosixPath, Member],
    small: Mapping[str, Member],
) -> Member | None:
    """Return the KML in the archive that a link of another leads to; None for one outside."""
    try:
        parts = urlsplit(link.href.replace("\\", "/"))
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    wanted = posixpath.normpath(posixpath.join(str(member.path.parent), unquote(parts.path)))
    return by_path.get(PurePosixPath(wanted)) or small.get(wanted.casefold())


# --- Shapefiles -----------------------------------------------------------------------------------


def _read_shapefiles(
    archive: Archive, shapes: Sequence[Member], folder: Path, report: Report
) -> list[Layer]:
    used = {id(member) for member in shapes}
    declared = _declared(archive, report, used)
    found: list[Layer] = []
    for number, shp in enumerate(shapes, start=1):
        parts = {
            member.ending: member
            for member in archive.members
            if member.ending in PARTS and _stem(member) == _stem(shp)
        }
        used |= {id(member) for member in parts.values()}
        place = folder / str(number)
        for ending, member in parts.items():
            archive.unpack(member, place / f"source{ending}")
        name = shp.path.stem
        report.took(f"member {shown(shp.name)}")
        found.append(read_shapefile(place / "source.shp", name, archive.path, report, declared))
    _leave_out((member for member in archive.members if id(member) not in used), report)
    return _with_long_texts(found, archive, report) if declared.is_ours else found


def _stem(member: Member) -> str:
    """Return what the parts of a Shapefile have in common, in small letters."""
    return str(member.path.with_suffix("")).casefold()


def _declared(archive: Archive, report: Report, used: set[int]) -> Declared:
    """Return what our tables beside a Shapefile declare, if it is ours: both are there."""
    ours = {
        name: _table(archive, name, partial(is_table_of_ours, of)) for name, of in _OURS.items()
    }
    if not all(rows is not None for rows in ours.values()):
        return Declared()
    names = {*_OURS, _LONG_TEXTS, "readme.txt"}
    mine = [member for member in archive.members if member.name.casefold() in names]
    used |= {id(member) for member in mine}
    for member in mine:
        report.took(f"member {shown(member.name)}")
    return Declared(
        is_ours=True,
        sources=sources_of(ours["sources.csv"] or (), archive.path, report),
        providers=providers_of(ours["providers.csv"] or (), archive.path, report),
    )


def _table(
    archive: Archive, name: str, is_ours: Callable[[Collection[str]], bool]
) -> list[dict[str, str]] | None:
    """Return the rows of a table of ours; None where it is not there, or not ours."""
    member = next((each for each in archive.members if each.name.casefold() == name), None)
    if member is None or member.info.file_size > _TABLE_AT_MOST:
        return None
    try:
        text = archive.content(member).decode("utf-8-sig")
        with long_cells(_TABLE_AT_MOST):
            header, *rows = islice(rows_of_text(text, ","), _ROWS_AT_MOST + 1)
    except (ValueError, TextFault):
        return None
    if not is_ours(header) or len(rows) >= _ROWS_AT_MOST:
        return None
    return [{k: tidy(as_meant(v)) for k, v in zip(header, row, strict=False)} for row in rows]


def _with_long_texts(layers: Sequence[Layer], archive: Archive, report: Report) -> list[Layer]:
    """Return layers with the whole of what their table has no room for."""
    rows = _table(archive, _LONG_TEXTS, {"code", "field", "text"}.issubset) or []
    whole = {(row.get("code", ""), row.get("field", "")): row.get("text", "") for row in rows}
    if not whole:
        return list(layers)
    return [
        replace(
            layer, values=[_lengthened(values, whole, archive, report) for values in layer.values]
        )
        for layer in layers
    ]


def _lengthened(
    values: Mapping[str, str],
    whole: Mapping[tuple[str, str], str],
    archive: Archive,
    report: Report,
) -> dict[str, str]:
    code, found = values.get("code", ""), dict(values)
    for field, cut in values.items():
        text = whole.get((code, field))
        if text is None:
            continue
        if _is_cut(cut, text):
            found[field] = text
        else:
            what = f"{field} of {shown(code)} is not what {_LONG_TEXTS} has whole"
            report.problem(archive.path.name, what, "kept as the .dbf has it")
    return found


def _is_cut(cut: str, text: str) -> bool:
    return tidy(text.encode()[:_CUT_AT].decode(errors="ignore")) == cut

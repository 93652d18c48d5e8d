"""KML → its folders as layers, what it links to, and an account of everything else in it.

Read here, element by element, without entities: GDAL goes into no folder in a folder, makes a
polygon of a picture that is laid on the map, and calls fields otherwise than their author did.
Source: OGC 12-007r2 (KML 2.3).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats.file_refusals import not_what_it_says, refuse_many
from catchments.readers.formats.text_files import is_utf8
from catchments.readers.formats.vectors.declarations import declared_in_texts
from catchments.readers.formats.vectors.layers import Layer, in_one_collection
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

_CONTAINERS = {"Document", "Folder"}
_LOOKS = frozenset(
    {
        *("Style", "StyleMap", "styleUrl", "Schema", "open", "visibility", "LookAt", "Camera"),
        *("Region", "TimeSpan", "TimeStamp", "Snippet", "snippet", "description", "author", "link"),
        *("address", "AddressDetails", "phoneNumber", "balloonVisibility", "Metadata"),
        *("ExtendedData", "ListStyle"),
    }
)
"""What stands beside features and is none: how they look, and what is told of a whole folder."""
_PICTURES = "pictures laid on the map"
_OTHERS = {
    "GroundOverlay": (_PICTURES, "a picture has no boundaries"),
    "ScreenOverlay": (_PICTURES, "a picture has no boundaries"),
    "PhotoOverlay": ("photographs on the map", "a picture has no boundaries"),
    "Tour": ("tours", "a tour is a film, not an area"),
    "Model": ("3-D models", "a model is no area"),
    "Track": ("tracks", "a track is no area"),
    "MultiTrack": ("tracks", "a track is no area"),
}
_TIMES = {"TimeSpan", "TimeStamp"}
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>|&(?:#?\w{1,8});")
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon"}
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]{1,40})["']""")
_PIECES_AT_MOST = 1_000_000
_LONGEST_HREF = 300
_DEEPEST = 50
"""Of the folders that a layer stands in so many are known, the innermost."""
_KINDS_NAMED = 50
"""Kinds of elements that are reported by name."""


@dataclass(frozen=True, slots=True)
class Link:
    """A place that a KML file says is to be fetched as well, and what it calls it."""

    name: str
    href: str


@dataclass(slots=True)
class _Folder:
    name: str
    within: tuple[str, ...]
    is_folder: bool
    is_seen: bool = True
    geometries: list[BaseGeometry | None] = field(default_factory=list)
    values: list[dict[str, str]] = field(default_factory=list)


def read_kml(file: Path, path: Path, name: str, report: Report) -> tuple[list[Layer], list[Link]]:
    """Return the layers of a KML file, and what it links to.

    `path` is what a person gave, `name` what the file has inside that. Linear in its bytes, and not
    recursive. Raises FileRefused for what is no KML.
    """
    reader = _Reader(path, report)
    parser = expat.ParserCreate(_encoding(file, name, report))
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = reader.declaration
    try:
        with file.open("rb") as opened:
            parser.ParseFile(opened)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise not_what_it_says(path, "KML", error) from error
    for (what, why), count in reader.others.items():
        report.leave_out(what, why, count)
    reader.say_unseen(name)
    return reader.layers(name), reader.links


def read_plain_kml(path: Path, report: Report) -> list[Layer]:
    """Return the layers of a KML file by itself, which can follow no link."""
    layers, links = read_kml(path, path, path.stem, report)
    refuse_links_alone(layers, links, path)
    report_links(links, path, report)
    return layers


def refuse_links_alone(layers: list[Layer], links: list[Link], path: Path) -> None:
    """Refuse a map that was exported as nothing but a link to itself."""
    if links and not any(layer.geometries for layer in layers):
        raise FileRefused(
            f"{shown(path.name)} holds only a link to a map, not the map.",
            next_step="Export it again and untick “Keep data up to date with network link”.",
        )


def report_links(links: list[Link], path: Path, report: Report) -> None:
    """Report every link that was not followed."""
    for link in links:
        to = f" to {shown(link.href)}" if link.href else ""
        named = f"layer {shown(link.name)}" if link.name else "a layer"
        report.leave_out(
            "links to layers elsewhere", "a link is not followed: its layer is missing"
        )
        report.problem(
            path.name,
            f"{named} is only a link{to}",
            "missing here; export the whole map, with “Keep data up to date” unticked",
        )


# --- encoding -------------------------------------------------------------------------------------


def _encoding(file: Path, name: str, report: Report) -> str | None:
    """Return the encoding that a file's bytes are in, whatever it says; None for what it says."""
    with file.open("rb") as opened:
        head = opened.read(1024)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        return None
    said = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf"))
    if is_utf8(file):
        return "utf-8"
    if said and said.group(1).lower() not in {b"utf-8", b"utf8"}:
        report.took(f"text in {said.group(1).decode()}, as {name} says")
        return None
    report.problem(name, "its text is not UTF-8, which KML is in", "read as Windows-1252")
    return "windows-1252"


# --- elements -------------------------------------------------------------------------------------


class _Reader:
    """Takes a KML file apart while it is parsed: a feature at a time is held as elements."""

    def __init__(self, path: Path, report: Report) -> None:
        self.links: list[Link] = []
        self.others: Counter[tuple[str, str]] = Counter()
        self._path, self._report = path, report
        self._folders: list[_Folder] = []
        self._open: list[_Folder] = []
        self._declared: dict[str, str] = {}
        self._begun = False
        self._features = 0
        self._unseen = 0
        """How many features a map does not show."""
        self._timed = 0
        """How many features hold for a time."""
        self._passed_over = 0
        """How many elements are open of one that is passed over."""
        self._builder: TreeBuilder | None = None
        self._depth = 0

    def layers(self, name: str) -> list[Layer]:
        """Return the folders as layers, without containers that hold other containers alone."""
        declared = declared_in_texts(self._declared, self._path, self._report)
        kept = [each for each in self._folders if each.geometries or each.is_folder]
        return [
            Layer(
                folder.name or name,
                WGS84,
                folder.geometries,
                folder.values,
                within=folder.within,
                of_a_map=True,
                declared=declared,
            )
            for folder in kept
        ]

    def say_unseen(self, name: str) -> None:
        """Report features that a map would not show, or not always: somebody put them away."""
        for count, what in (
            (self._unseen, "switched off in the map (visibility 0)"),
            (self._timed, "in the map for a time alone (TimeSpan, TimeStamp)"),
        ):
            if count:
                is_are = "1 feature is" if count == 1 else f"{count:,} features are"
                self._report.problem(name, f"{is_are} {what}", "read too")

    # --- what expat calls -------------------------------------------------------------------------

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._begun:
            self._begin(local)
        elif self._passed_over:
            self._passed_over += 1
        elif self._builder is not None:
            self._depth += 1
            self._builder.start(local, dict(attributes))
        elif local in _CONTAINERS:
            self._enter(is_folder=local == "Folder")
        elif local in {
            "Placemark",
            "NetworkLink",
            "name",
            "visibility",
        } or self._is_of_the_document(local):
            self._builder, self._depth = TreeBuilder(), 1
            self._builder.start(local, dict(attributes))
        else:
            self._pass_over(local)

    def end(self, name: str) -> None:
        if self._passed_over:
            self._passed_over -= 1
        elif self._builder is not None:
            self._depth -= 1
            self._builder.end(name.rpartition(":")[2])
            if not self._depth:
                element, self._builder = self._builder.close(), None
                self._taking[element.tag](self, element)
        else:
            self._open.pop()

    def text(self, text: str) -> None:
        if self._builder is not None and not self._passed_over:
            self._builder.data(text)

    def declaration(self, *_: object) -> None:
        """Refuse a document type: its entities could grow without end or read files."""
        raise FileRefused(
            f"{shown(self._path.name)} declares a document type or entities, which KML has no use"
            " for.",
            next_step="Export it again; do not use this file.",
        )

    # --- containers -------------------------------------------------------------------------------

    def _begin(self, local: str) -> None:
        if local != "kml":
            raise not_what_it_says(self._path, "KML", f"it begins with <{local}>")
        self._begun = True
        self._enter(is_folder=False)

    def _enter(self, *, is_folder: bool) -> None:
        above = self._open[-1] if self._open else None
        named = (above.name,) if above and above.name and above.is_folder else ()
        seen = above.is_seen if above else True
        folder = _Folder("", ((above.within if above else ()) + named)[-_DEEPEST:], is_folder, seen)
        self._folders.append(folder)
        refuse_many(len(self._folders), self._path)
        self._open.append(folder)

    def _is_of_the_document(self, local: str) -> bool:
        return local == "ExtendedData" and len(self._open) == 2

    def _pass_over(self, local: str) -> None:
        self._passed_over = 1
        if local in _OTHERS:
            self.others[_OTHERS[local]] += 1
        elif local not in _LOOKS:
            named = f"elements <{local[:40]}>", "they are no features of KML"
            more = "other elements", "they are no features of KML"
            self.others[named if len(self.others) < _KINDS_NAMED else more] += 1

    def _take_name(self, element: Element) -> None:
        self._open[-1].name = self._open[-1].name or " ".join(_all_text(element).split())

    def _take_visibility(self, element: Element) -> None:
        self._open[-1].is_seen = self._open[-1].is_seen and not _is_off(_all_text(element))

    def _take_declared(self, element: Element) -> None:
        self._declared |= dict(_data(element))

    def _take_link(self, element: Element) -> None:
        at = next((each for each in element if each.tag in {"Link", "Url"}), None)
        href = "" if at is None else _child_text(at, "href")
        name = texts_of([("name", _child_text(element, "name"))])["name"]
        self.links.append(Link(name, "".join(href.split())[:_LONGEST_HREF]))

    # --- features ---------------------------------------------------------------------------------

    def _take_feature(self, element: Element) -> None:
        self._features += 1
        refuse_many(self._features, self._path)
        folder = self._open[-1]
        where = f"layer {folder.name or self._path.stem}, feature {len(folder.geometries) + 1}"
        folder.geometries.append(self._geometry(element, where))
        folder.values.append(self._values(element, where))
        self._unseen += not folder.is_seen or _is_off(_child_text(element, "visibility"))
        self._timed += any(each.tag in _TIMES for each in element)

    def _values(self, element: Element, where: str) -> dict[str, str]:
        properties = [("name", self._name(element, where))]
        properties += [(each.tag, _all_text(each)) for each in element if each.tag == "description"]
        kept: dict[str, str] = {}
        for name, text in properties + [
            d for e in _outermost(element, "ExtendedData") for d in _data(e)
        ]:
            if kept.get(name) and text and kept[name] != text:
                what = f"{where} has {shown(name)} twice: {shown(kept[name])} and {shown(text)}"
                self._report.problem(self._path.name, what, "kept the first")
            elif not kept.get(name):
                kept[name] = text
        return texts_of(kept.items())

    def _name(self, element: Element, where: str) -> str:
        """Return a feature's name; of HTML, as a balloon would show it, the text, and say so."""
        given = _child_text(element, "name")
        if not _MARKUP.search(given):
            return given
        plain = " ".join(unescape(_MARKUP.sub(_as_text, given)).split())
        what = f"{where}: the name {shown(given)} is HTML"
        self._report.problem(self._path.name, what, f"taken as {shown(plain)}")
        return plain

    def _geometry(self, element: Element, where: str) -> BaseGeometry | None:
        try:
            parts = [_shape(shape) for shape in self._shapes(element)]
        except (ValueError, shapely.errors.GEOSException) as error:
            lost = f"{where} has a shape that cannot be read: {error}"
            raise not_what_it_says(self._path, "whole", lost) from error
        return in_one_collection([part for part in parts if not part.is_empty])

    def _shapes(self, element: Element) -> Iterator[Element]:
        """Yield the single shapes of a feature in order; how deep they stand does not matter."""
        left, count = list(reversed(element)), 0
        while left:
            each = left.pop()
            if each.tag == "MultiGeometry":
                left += reversed(each)
            elif each.tag in _SHAPES:
                count += 1
                if count > _PIECES_AT_MOST:
                    raise ValueError("too many pieces")
                yield each
            elif each.tag in _OTHERS:
                self.others[_OTHERS[each.tag]] += 1

    _taking: Mapping[str, Callable[[Any, Element], None]] = {
        "name": _take_name,
        "visibility": _take_visibility,
        "ExtendedData": _take_declared,
        "NetworkLink": _take_link,
        "Placemark": _take_feature,
    }


def _outermost(element: Element, tag: str) -> Iterator[Element]:
    """Yield the elements of a kind, in order, but none that stands in another of them."""
    left = [element]
    while left:
        each = left.pop()
        if each.tag == tag:
            yield each
        else:
            left += reversed(each)


def _data(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of ExtendedData: Data, a schema's, and elements of one's own."""
    for each in element:
        if each.tag == "Data":
            yield each.get("name", ""), _child_text(each, "value")
        elif each.tag == "SchemaData":
            yield from ((one.get("name", ""), _all_text(one)) for one in each)
        else:
            yield each.tag, _all_text(each)


def _as_text(markup: re.Match[str]) -> str:
    return markup[0] if markup[0].startswith("&") else " "


def _child_text(element: Element, tag: str) -> str:
    child = next((each for each in element if each.tag == tag), None)
    return "" if child is None else _all_text(child)


def _is_off(text: str) -> bool:
    return text.strip() in {"0", "false"}


def _all_text(element: Element) -> str:
    return "".join(element.itertext())


# --- shapes ---------------------------------------------------------------------------------------


def _shape(element: Element) -> BaseGeometry:
    if element.tag == "Polygon":
        return _polygon(element)
    xy = _coordinates(element)
    if not len(xy):
        return shapely.Point()
    if element.tag == "Point":
        return shapely.Point(xy[0])
    made: BaseGeometry = shapely.linestrings(xy)
    return made


def _polygon(element: Element) -> BaseGeometry:
    shells = [r for each in element if each.tag == "outerBoundaryIs" for r in _rings(each)]
    if len(shells) > 1:
        raise ValueError("a polygon has several outer boundaries")
    holes = [r for each in element if each.tag == "innerBoundaryIs" for r in _rings(each)]
    if not shells:
        return shapely.Polygon()
    made: BaseGeometry = shapely.polygons(shells[0], holes=holes or None)
    return made


def _rings(boundary: Element) -> list[Any]:
    found = [_coordinates(ring) for ring in boundary if ring.tag == "LinearRing"]
    return [shapely.linearrings(xy) for xy in found if len(xy)]


def _coordinates(element: Element) -> Any:
    """Return the points (n, 2) of a shape; heights are left."""
    text = _child_text(element, "coordinates")
    points = text.split()
    if any(point[0] == "," or point[-1] == "," for point in points):
        points = ",".join(map(str.strip, text.split(","))).split()  # as people write: 174.1, -36.2
    return np.fromiter(_numbers(points), dtype=float).reshape(-1, 2)


def _numbers(points: Iterable[str]) -> Iterator[float]:
    for point in points:
        lng, lat = point.split(",", 2)[:2]
        yield float(lng)
        yield float(lat)

"""The catchments for Google Earth and Google My Maps: names, styles and who serves them.

Drawn boundaries, not those as published: My Maps takes neither large files nor many vertices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import geometry_to_180
from maps.colours import INK, region_colour
from maps.exports.export_input import ExportInput
from maps.exports.geojson import members
from maps.wording import MADE_UP, SIMPLIFIED, credit_lines, in_force, made_up, one_line

MOST_VERTICES = 45_000
"""My Maps takes 50,000 in a map; some may be added to it there."""
MOST_BYTES = 4_900_000
"""My Maps takes 5 MB a file."""
FIRST_TOLERANCE_DEG = 0.004
"""How coarse it is drawn if that is too much, and twice as coarse each time after."""
FILL_OPACITY = 0.6
PROVIDER_CODE = "provider_code"
LABELS = {
    "catchment_name": "Catchment",
    "catchment_code": "Code",
    "education_region": "Education region",
    PROVIDER_CODE: "Provider code",
    "provider_name": "Provider",
    "provider_phone": "Phone",
    "provider_email": "Email",
    "provider_website": "Website",
}
"""Columns of the vocabulary, by which programs find what they hold, and what people read."""
LINES = "simplified for drawing"
"""What the lines of the file are, for whoever reads it as boundaries."""
NAMESPACE = "http://www.opengis.net/kml/2.2"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def catchments_kml(material: ExportInput) -> bytes:
    """Return a folder an education region and a placemark a catchment, -180…180 degrees."""
    drawn = _within_limits(material.drawn)
    while len(made := _document(material, drawn)) > MOST_BYTES and drawn:
        vertices = _vertices(drawn)
        drawn = _coarser(drawn)
        if _vertices(drawn) == vertices:
            break  # it is the texts that are long
    return made


def _document(material: ExportInput, drawn: Mapping[str, BaseGeometry]) -> bytes:
    root = ET.Element("kml", xmlns=NAMESPACE)
    document = ET.SubElement(root, "Document")
    _text(document, "name", f"Attendance service catchments – {in_force(material)}")
    notes = [*([MADE_UP] if material.demonstration else []), SIMPLIFIED, *credit_lines(material)]
    _text(document, "description", _lines(notes))
    regions = material.by_region()
    for at, (region, _) in enumerate(regions):
        _style(document, f"region-{at}", region_colour(region))
    _data(document, _of_all(material))
    for at, (region, held) in enumerate(regions):
        folder = ET.SubElement(document, "Folder")
        _text(folder, "name", region or "No region recorded")
        for catchment in sorted(held, key=lambda c: (folded(c.name), c.code)):
            _placemark(folder, material, catchment, drawn.get(catchment.code), f"#region-{at}")
    ET.indent(root, space="")
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _placemark(
    folder: ET.Element,
    material: ExportInput,
    catchment: Catchment,
    boundary: BaseGeometry | None,
    style: str,
) -> None:
    placemark = ET.SubElement(folder, "Placemark")
    _text(placemark, "name", catchment.name)
    told = dict(_told(material, catchment))
    notes = [f"{label}: {one_line(value)}" for label, value in _read_out(told)]
    notes += [in_force(material), *([MADE_UP] if material.demonstration else []), SIMPLIFIED]
    _text(placemark, "description", _lines(notes))
    _text(placemark, "styleUrl", style)
    _data(placemark, told)
    if boundary is not None:
        _geometry(placemark, boundary)


def _told(material: ExportInput, catchment: Catchment) -> Iterator[tuple[str, str]]:
    """Yield what is said of a catchment: a column and a value each."""
    yield "catchment_name", catchment.name
    yield "catchment_code", catchment.code
    if catchment.education_region:
        yield "education_region", catchment.education_region
    provider = material.edition.provider_of(catchment)
    # It is there, and empty, where there is no provider: none is known, rather than nothing said.
    yield PROVIDER_CODE, provider.code if provider else ""
    if provider:
        yield "provider_name", provider.name
        ways = ("phone", provider.phone), ("email", provider.email), ("website", provider.website)
        yield from ((f"provider_{way}", where) for way, where in ways if where)


def _read_out(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what people read of it: the provider by name, and that there is none in words."""
    for column, value in told.items():
        if column != PROVIDER_CODE:
            yield LABELS[column], value
        elif not value:
            yield LABELS["provider_name"], "none is recorded"


def _of_all(material: ExportInput) -> dict[str, str]:
    """Return what the file says of itself for programs; lists are JSON."""
    told = members(material.edition)
    return {
        "lines": LINES,
        "demonstration": made_up(demonstration=material.edition.demonstration),
        **{name: _json(told[name]) for name in ("edition", "providers", "sources")},
    }


def _json(value: Any) -> str:
    """Return a value as JSON, in which every character that XML has no place for is escaped."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _data(parent: ET.Element, told: Mapping[str, str]) -> None:
    data = ET.SubElement(parent, "ExtendedData")
    for name, value in told.items():
        one = ET.SubElement(data, "Data", name=name)
        if name in LABELS:
            _text(one, "displayName", LABELS[name])
        _text(one, "value", value)


def _lines(notes: list[str]) -> str:
    """Return lines as the HTML that Google takes a description for; nobody's text is markup in it.

    A description without any markup would be taken for plain text, and show `&amp;` as such.
    """
    return "<br>".join(escape(note) for note in notes)


def _style(document: ET.Element, name: str, colour: str) -> None:
    style = ET.SubElement(document, "Style", id=name)
    line = ET.SubElement(style, "LineStyle")
    _text(line, "color", _kml_colour(INK, 1.0))
    _text(line, "width", "1.5")
    fill = ET.SubElement(style, "PolyStyle")
    _text(fill, "color", _kml_colour(colour, FILL_OPACITY))
    # In place of the usual heading, which is the name, taken for HTML.
    _text(ET.SubElement(style, "BalloonStyle"), "text", "$[description]")


def _kml_colour(colour: str, opacity: float) -> str:
    """Return a colour #rrggbb as KML has it: opacity, blue, green, red."""
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"{round(opacity * 255):02x}{blue}{green}{red}"


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _NOT_IN_XML.sub("\ufffd", text)


# --- geometry -------------------------------------------------------------------------------------


def _geometry(placemark: ET.Element, boundary: BaseGeometry) -> None:
    polygons = shapely.get_parts(shapely.orient_polygons(geometry_to_180(boundary)))
    parent = placemark if len(polygons) == 1 else ET.SubElement(placemark, "MultiGeometry")
    for polygon in polygons:
        element = ET.SubElement(parent, "Polygon")
        _ring(element, "outerBoundaryIs", shapely.get_exterior_ring(polygon))
        for hole in shapely.get_rings(polygon)[1:]:
            _ring(element, "innerBoundaryIs", hole)


def _ring(polygon: ET.Element, tag: str, ring: Any) -> None:
    inside = ET.SubElement(ET.SubElement(polygon, tag), "LinearRing")
    pairs = shapely.get_coordinates(ring).tolist()
    _text(inside, "coordinates", " ".join(f"{lng:.4f},{lat:.4f}" for lng, lat in pairs))


def _within_limits(drawn: Mapping[str, BaseGeometry]) -> Mapping[str, BaseGeometry]:
    tolerance_deg = FIRST_TOLERANCE_DEG
    while _vertices(drawn) > MOST_VERTICES:
        before, drawn = _vertices(drawn), _coarser(drawn, tolerance_deg)
        tolerance_deg *= 2
        if _vertices(drawn) == before and tolerance_deg > 1:
            break
    return drawn


def _coarser(
    drawn: Mapping[str, BaseGeometry], tolerance_deg: float = FIRST_TOLERANCE_DEG
) -> Mapping[str, BaseGeometry]:
    simple = shapely.coverage_simplify(list(drawn.values()), tolerance_deg)
    return dict(zip(drawn, simple, strict=True))


def _vertices(drawn: Mapping[str, BaseGeometry]) -> int:
    return int(sum(shapely.get_num_coordinates(area) for area in drawn.values()))

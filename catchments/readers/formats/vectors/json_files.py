"""JSON files: their text and members, and GeoJSON's features as a layer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import shown
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats.file_refusals import not_what_it_says, refuse_many
from catchments.readers.formats.vectors import topojson
from catchments.readers.formats.vectors.declarations import MEMBERS, declared_in, report_members
from catchments.readers.formats.vectors.layers import Layer, in_one_collection
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

_GEOMETRIES = frozenset(
    {
        *("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
        "GeometryCollection",
    }
)
_OF_THE_FORMAT = frozenset(
    {"type", "features", "name", "crs", "bbox", "xy_coordinate_resolution", "id", "title", *MEMBERS}
)
_OF_A_SERVER = frozenset(
    {
        *("numberMatched", "numberReturned", "totalFeatures", "timeStamp", "links"),
        "exceededTransferLimit",
    }
)
_OF_A_FEATURE = frozenset({"type", "id", "bbox", "properties", "geometry", "crs"})
_MEMBERS_NAMED = 20
_PIECES_AT_MOST = 1_000_000
_RECORD = "\x1e"
"""What begins each text of a sequence; source: RFC 8142."""
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_json(path: Path, report: Report) -> list[Layer]:
    """Return the layers of GeoJSON or TopoJSON, by what it says that it is."""
    try:
        content = _content(_text(path, report), report)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise not_what_it_says(path, "GeoJSON", why) from error
    if isinstance(content, dict) and content.get("type") == "Topology":
        return topojson.layers_of(content, path, report)
    return [_layer(content, path, report)]


def _content(text: str, report: Report) -> Any:
    """Return what a text holds; of features that stand one on a line, a collection of them."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        found = _in_sequence(text)
        if found is None:
            raise
    report.took("features one on a line (GeoJSONSeq)")
    return {"type": "FeatureCollection", "features": found}


def _in_sequence(text: str) -> list[Any] | None:
    """Return the features of a text that has one on each line; None where it is no such text."""
    lines = [line.strip() for line in text.replace(_RECORD, "\n").split("\n")]
    lines = [line for line in lines if line]
    if not lines or not all(line[0] == "{" and line[-1] == "}" for line in lines):
        return None
    found = [json.loads(line, object_pairs_hook=_object) for line in lines]
    return found if all(each.get("type") == "Feature" for each in found) else None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        # Which of both counts is not certain.
        raise ValueError(f"an object has {_first_twice(key for key, _ in pairs)[:80]} twice")
    return made


def _first_twice(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _text(path: Path, report: Report) -> str:
    """Return a file's text: UTF-8 as JSON has it, else UTF-16 by its mark, else Windows-1252."""
    content = path.read_bytes()
    if wide := _WIDE.get(content[:2]):
        report.took("text in UTF-16")
        return content.decode(wide)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    report.problem(path.name, "its text is not UTF-8, which GeoJSON is in", "read as Windows-1252")
    return text


# --- GeoJSON --------------------------------------------------------------------------------------


def _layer(content: Any, path: Path, report: Report) -> Layer:
    features = _features(content, path)
    refuse_many(len(features), path)
    read = [_feature(feature, path, at) for at, feature in enumerate(features, start=1)]
    _report_foreign(features, report)
    name = content.get("name")
    _account_for(content, path, report)
    return Layer(
        name if isinstance(name, str) and name else path.stem,
        _crs(content, path),
        [geometry for geometry, _ in read],
        [values for _, values in read],
        declared=declared_in(content, path, report),
    )


def _features(content: Any, path: Path) -> list[Any]:
    kind = content.get("type") if isinstance(content, dict) else None
    if kind in _GEOMETRIES:
        return [{"geometry": content}]
    if kind == "Feature":
        return [content]
    if kind != "FeatureCollection":
        esri = isinstance(content, dict) and ("spatialReference" in content or "rings" in content)
        why = "it is Esri's own JSON" if esri else "it is no FeatureCollection"
        raise not_what_it_says(path, "GeoJSON", why)
    features = content.get("features")
    if not isinstance(features, list):
        raise not_what_it_says(path, "GeoJSON", "it has no features")
    return features


def _account_for(content: Mapping[str, Any], path: Path, report: Report) -> None:
    """Report what a collection has beside its features, and that it is only a page of them."""
    if content["type"] != "FeatureCollection":
        return
    matched, given = content.get("numberMatched"), len(content["features"])
    more = isinstance(matched, int) and matched > given
    if more or content.get("exceededTransferLimit") is True:
        of = f"{given:,} of {matched:,} features" if more else "not all features"
        what = f"its server gave {of}, and says so"
        report.problem(path.name, what, "the others are missing here: ask for all of them")
    report_members(set(content) - _OF_THE_FORMAT - _OF_A_SERVER, "features", report)


def _crs(content: Mapping[str, Any], path: Path) -> str:
    """Return the CRS an old GeoJSON names; RFC 7946 has WGS 84 only.

    Raises FileRefused for one that it names otherwise than by name or EPSG's code.
    """
    said = content.get("crs")
    if said is None:
        return WGS84
    about = said.get("properties") if isinstance(said, dict) else None
    name = about.get("name") if isinstance(about, dict) else None
    if isinstance(name, str) and name:
        return name
    code = about.get("code") if isinstance(about, dict) else None
    if str(said.get("type") if isinstance(said, dict) else "").upper() == "EPSG" and code:
        return f"EPSG:{code}"
    raise not_what_it_says(path, "GeoJSON", "its “crs” does not name a reference system")


def _feature(feature: Any, path: Path, number: int) -> tuple[BaseGeometry | None, dict[str, str]]:
    _refuse_no_feature(feature, path, number)
    try:
        geometry = feature.get("geometry")
        properties = feature.get("properties") or {}
        parts = [] if geometry is None else [_made(each) for each in _opened(geometry)]
        return in_one_collection(parts), texts_of(properties.items())
    except (
        *(AttributeError, KeyError, TypeError, ValueError),
        *(NotImplementedError, shapely.errors.GEOSException),
    ) as error:
        raise not_what_it_says(path, "GeoJSON", f"feature {number}: {error}") from error


def _refuse_no_feature(feature: Any, path: Path, number: int) -> None:
    """Refuse what stands among features and is none, or says a reference system of its own."""
    kind = feature.get("type", "Feature") if isinstance(feature, dict) else "no object"
    if kind != "Feature":
        what = f"feature {number} is none, but {shown(str(kind))}"
        raise not_what_it_says(path, "GeoJSON", what)
    geometry = feature.get("geometry")
    if feature.get("crs") or (isinstance(geometry, dict) and geometry.get("crs")):
        what = f"feature {number} has a reference system (“crs”) of its own"
        raise not_what_it_says(path, "GeoJSON", what)


def _report_foreign(features: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Report members of features beside their properties: no reader knows what they mean."""
    counts = Counter(name for feature in features for name in feature.keys() - _OF_A_FEATURE)
    for name, count in counts.most_common(_MEMBERS_NAMED):
        why = "it stands beside the properties"
        report.leave_out(f"member {shown(name)} of features", why, count)
    others = sum(counts.values()) - sum(n for _, n in counts.most_common(_MEMBERS_NAMED))
    report.leave_out("other members of features", "they stand beside the properties", others)


def _opened(geometry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a geometry, or those of a collection, however deep they stand in others."""
    left, count = [geometry], 0
    while left:
        each = left.pop()
        if each.get("type") == "GeometryCollection":
            left += reversed(each["geometries"])
            continue
        if each.get("type") not in _GEOMETRIES:  # GEOS would open a feature in a feature
            raise ValueError(f"it has a geometry of the type {each.get('type')}")
        count += 1
        if count > _PIECES_AT_MOST:
            raise ValueError("it has too many pieces")
        yield each


def _made(geometry: Mapping[str, Any]) -> BaseGeometry:
    with np.errstate(invalid="ignore"):
        made: BaseGeometry = shapely.from_geojson(json.dumps(geometry))
    return made

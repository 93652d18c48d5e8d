"""Areas: what the features of a file's layers say of each catchment, before anything is matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, first_of, shown
from catchments.core.text_folding import education_region, folded, matching_key
from catchments.readers.formats.feature_fields import (
    CODE_FIELDS,
    KNOWN_BESIDE,
    NAME_FIELDS,
    REGION_FIELDS,
    FieldIndex,
    FieldNames,
    SaidOfProvider,
    provider_said,
    said_in,
)
from catchments.readers.formats.feature_polygons import boundary_of
from catchments.readers.formats.mojibake import SpoiltTexts
from catchments.readers.formats.vectors.cut_names import siblings
from catchments.readers.formats.vectors.declarations import is_yes
from catchments.readers.formats.vectors.layers import Declared, Layer, Values, kinds_in
from catchments.readers.formats.vectors.values import (
    DESCRIPTION_FIELDS,
    NotText,
    is_of_a_program,
)
from catchments.readers.report import Report

LONGEST_NAME = 1_000
"""Characters of a catchment's or a provider's name."""
_SCHOOLS = "schools"
"""The layer of our GeoPackages that has no catchments."""
_LAYERS_NAMED, _FIELDS_NAMED = 100, 20
"""So many layers of a file, and fields of a layer, are reported by name."""
MADE_UP = "Demonstration data. These catchments and providers are made up."
"""What descriptions of ours say, which go with a feature wherever it is copied to."""
SIMPLIFIED = "Boundaries are simplified for drawing and clipped to the coast."
"""Likewise, of lines that are none to look places up by."""
_DEMONSTRATION_FIELDS = ("demonstration", "made up")


@dataclass
class Area:
    """What will be one catchment; its parts may come from several features of one layer."""

    where: str
    name: str
    """“” where the file says none."""
    code: str
    region: str | None
    """None where the file says nothing of it."""
    provider: SaidOfProvider | None
    """None where the file says nothing of it."""
    file: str
    layer: str
    declared: Declared
    """What its file says of itself."""
    parts: list[BaseGeometry] = field(default_factory=list)

    @property
    def called(self) -> str:
        """What a message calls it."""
        return self.name or self.code


def areas_of(
    layers: Sequence[Layer], path: Path, fields: FieldNames, crs: str | None, report: Report
) -> list[Area]:
    """Return the areas of some layers. Raises FileRefused where there is none, or one nameless."""
    _check_named_fields(layers, path, fields)
    areas: list[Area] = []
    for number, layer in enumerate(layers):
        if _has_schools(layer):
            why = "their places come from the school directory"
            report.leave_out(f"schools in layer {shown(layer.name)}", why, len(layer.values))
            continue
        names = list(dict.fromkeys(name for values in layer.values for name in values))
        _refuse_cut_alike(names, path, fields)
        is_named = number < _LAYERS_NAMED
        found = _layer_areas(layer, path, fields, crs, report, is_named=is_named)
        areas += found
        report.count("layers with catchments" if found else "layers without polygons")
        if found and is_named:
            _report_fields(layer, names, fields, report)
    if not any(area.parts or area.declared.is_ours for area in areas):
        raise _no_polygons(layers, path, report)
    return areas


def _has_schools(layer: Layer) -> bool:
    """Whether a layer has the schools of a GeoPackage of ours, and no catchments."""
    return layer.declared.is_ours and layer.name == _SCHOOLS


def is_made_up(layers: Sequence[Layer]) -> bool:
    """Whether the features of a layer, or what describes them, say that they are made up."""
    return any(
        is_yes(said_in(values, None, _DEMONSTRATION_FIELDS) or "")
        # A file of ours says it of its edition; its descriptions count the school directory in.
        or (
            not layer.declared.is_ours
            and MADE_UP in (said_in(values, None, DESCRIPTION_FIELDS) or "")
        )
        for layer in layers
        if not _has_schools(layer)
        for values in layer.values
    )


def are_simplified(layers: Sequence[Layer]) -> bool:
    """Whether the features of a layer are described as simplified for drawing."""
    return any(
        SIMPLIFIED in (said_in(values, None, DESCRIPTION_FIELDS) or "")
        for layer in layers
        for values in layer.values
    )


def _no_polygons(layers: Sequence[Layer], path: Path, report: Report) -> FileRefused:
    others = sum(len(layer.geometries) for layer in layers)
    only = f", only {others} other features" if others else ""
    beside = "; ".join(f"{each.what} ({each.count:,})" for each in report.left_out)
    return FileRefused(
        f"{shown(path.name)} holds no polygons{only}.{f' It has: {beside}.' if beside else ''}",
        next_step="Export the map or layer that has the catchments' areas.",
    )


def _check_named_fields(layers: Sequence[Layer], path: Path, fields: FieldNames) -> None:
    known = sorted({name for layer in layers for values in layer.values for name in values})
    index = FieldIndex(known)
    for wanted in fields.named:
        if not index.meant_by(wanted):
            raise FileRefused(
                f"{shown(path.name)} has no field {shown(wanted)}.",
                allowed=f"Its fields are: {', '.join(known) or 'none'}.",
            )


def _refuse_cut_alike(names: Sequence[str], path: Path, fields: FieldNames) -> None:
    """Refuse fields whose names a Shapefile cut so that either may be the name or the code."""
    used = fields.used(names)
    field = used.get("code", "")
    alike = siblings(field, names)
    if fields.name or fields.code or not alike or used.get("name") not in (None, field):
        return
    raise FileRefused(
        f"The Shapefile {shown(path.name)} cut names of fields to ten letters: which of"
        f" {shown(field)} and {', '.join(map(shown, alike))} has the names and which the codes"
        " is not known.",
        next_step="Say it with --name-field and --code-field, or keep the layer as a GeoPackage.",
    )


def _report_fields(layer: Layer, names: Sequence[str], fields: FieldNames, report: Report) -> None:
    """Say which field each thing was read from, which were not used, and which could not be."""
    used = fields.used(names)
    told = ", ".join(f"{what} from {shown(name)}" for what, name in used.items())
    others = [
        name for name in names if name not in used.values() and folded(name) not in KNOWN_BESIDE
    ]
    unused = first_of(list(map(shown, others)), _FIELDS_NAMED)
    rest = f"; not used: {unused}" if others else ""
    report.took(f"layer {shown(layer.name)}: {told or 'no fields'}{rest}")
    unread = Counter(
        name if name in names[:_FIELDS_NAMED] else ""
        for values in layer.values
        for name, value in values.items()
        if isinstance(value, NotText)
    )
    for name, count in unread.items():
        what = f"values of {shown(name) if name else 'other fields'}"
        report.leave_out(what, "they are lists or objects, not text", count)


# --- features -------------------------------------------------------------------------------------


def _layer_areas(
    layer: Layer,
    path: Path,
    fields: FieldNames,
    crs: str | None,
    report: Report,
    *,
    is_named: bool,
) -> list[Area]:
    areas: dict[str, Area] = {}
    regions, spoilt = _Regions(layer, path, report), SpoiltTexts(report)
    for number, (geometry, values) in enumerate(
        zip(layer.geometries, layer.values, strict=True), start=1
    ):
        where = f"{path.name}, layer {shown(layer.name)}, feature {number}"
        boundary = None
        if kinds_in(geometry) or not _may_have_none(values, fields):
            system = layer.crs if crs is None else crs
            name = layer.name if is_named else ""
            boundary = boundary_of(geometry, system, path, where, report, layer=name)
            if boundary is None:
                continue
        area = _area(values, layer, path.name, fields, where, regions)
        spoilt.look(where, "name", area.name)
        spoilt.look(where, "provider", (area.provider and area.provider.name) or "")
        kept = areas.setdefault(area.code or matching_key(area.name), area)
        if kept is not area:
            _merge(kept, area, report)
        if boundary is not None:
            kept.parts.append(boundary)
    spoilt.say()
    return list(areas.values())


def _may_have_none(values: Values, fields: FieldNames) -> bool:
    """Whether a feature without a geometry may be a catchment without a boundary."""
    return bool(
        said_in(values, fields.code, CODE_FIELDS) or said_in(values, fields.name, NAME_FIELDS)
    )


def _merge(kept: Area, area: Area, report: Report) -> None:
    if kept.name and area.name and folded(kept.name) != folded(area.name):
        raise FileRefused(
            f"The code {shown(area.code)} stands for both {shown(kept.name)} and"
            f" {shown(area.name)} ({area.where}).",
            next_step="Give each catchment a code of its own, or name another --code-field.",
        )
    report.problem(area.where, f"{shown(area.called)} is there already", "merged into one")
    for what, mine, theirs in (
        ("provider", kept.provider, area.provider),
        ("education region", kept.region, area.region),
    ):
        if mine != theirs:
            report.problem(area.where, f"it says another {what}", f"kept that of {kept.where}")


def _area(
    values: Values, layer: Layer, file: str, fields: FieldNames, where: str, regions: _Regions
) -> Area:
    code = _plain(said_in(values, fields.code, CODE_FIELDS), "code", "--code-field", where)
    name = _plain(said_in(values, fields.name, NAME_FIELDS), "name", "--name-field", where)
    if not name and not code:
        raise _nameless(where)
    _refuse_long(name, where)
    provider = provider_said(values, fields)
    if provider is not None:
        _plain(provider.name, "provider", "--provider-field", where)
        _plain(provider.code, "provider's code", "--provider-code-field", where)
        _refuse_long(provider.name or "", where)
    return Area(
        where=where,
        name=name,
        code=code,
        region=regions.said(values, fields),
        provider=provider,
        file=file,
        layer=layer.name,
        declared=layer.declared,
    )


def _nameless(where: str) -> FileRefused:
    return FileRefused(
        f"A polygon has no name: {where}.",
        next_step="Name it, or say with --name-field which field has the catchments' names.",
    )


def _plain(text: str | None, what: str, option: str, where: str) -> str:
    """Return a text that a person wrote. Raises FileRefused for what only a program writes."""
    given = text.given if isinstance(text, NotText) else text or ""
    if isinstance(text, NotText) or is_of_a_program(given):
        raise FileRefused(
            f"The {what} is no text but {shown(given)}: {where}.",
            allowed="A name is a text; an object may have a member “name”.",
            next_step=f"Write the file with plain texts, or name another field with {option}.",
        )
    return given


def _refuse_long(name: str, where: str) -> None:
    if len(name) > LONGEST_NAME:
        raise FileRefused(
            f"The name {shown(name)} has {len(name):,} characters: {where}.",
            allowed=f"A name may have {LONGEST_NAME:,}.",
            next_step="Shorten it, or name another field with --name-field.",
        )


class _Regions:
    """The education regions that a layer's features, or its folders, are in."""

    def __init__(self, layer: Layer, path: Path, report: Report) -> None:
        regions = (education_region(name) for name in layer.names)
        self._of_layer = next((region for region in regions if region), None)
        self._where, self._report = f"{path.name}, layer {shown(layer.name)}", report
        self._unknown: set[str] = set()

    def said(self, values: Values, fields: FieldNames) -> str | None:
        """Return the Ministry's spelling of a region, “” for none; None where nothing is said."""
        text = said_in(values, fields.region, REGION_FIELDS)
        if isinstance(text, NotText) or text is None:
            return self._of_layer
        known = education_region(text)
        if text and not known and text not in self._unknown:
            self._unknown.add(text)
            what = f"{shown(text)} is no education region"
            self._report.problem(self._where, what, "left out")
        if text and not known:
            return self._of_layer
        return known or self._of_layer or ""

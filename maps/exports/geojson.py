"""The boundaries as published, for people to download: RFC 7946 GeoJSON, not simplified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment, Edition, Provider, Source
from catchments.core.plain_cells import Cell
from maps.exports.export_input import ExportInput

SOURCE_COLUMNS = (
    *("kind", "title", "authority", "licence", "release"),
    *("url", "sha256", "file_name", "demonstration"),
)
DECIMALS = 7
"""Seven decimals of a degree are a centimetre, more than any source claims."""


def boundaries_geojson(
    edition: Edition, published: Mapping[str, BaseGeometry] | None = None
) -> bytes:
    """Return every catchment as a feature, with its provider; one without a boundary has null.

    `published` is `ExportInput.published`, where it is at hand. Beside RFC 7946's members stand
    those of `members`.
    """
    boundaries = ExportInput(edition).published if published is None else published
    codes = sorted(edition.catchments)
    geometries = shapely.to_geojson(rounded([*map(boundaries.get, codes)]))
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": properties(edition, edition.catchments[code]),
            "geometry": msgspec.Raw((geometry or "null").encode()),
        }
        for code, geometry in zip(codes, geometries, strict=True)
    ]
    collection = {"type": "FeatureCollection", **members(edition), "features": features}
    return msgspec.json.encode(collection)


def members(edition: Edition) -> dict[str, Any]:
    """Return what a file says of an edition as a whole, so that it can be read back as that."""
    return {
        "demonstration": edition.demonstration,
        "edition": edition_json(edition),
        "sources": [source_json(source) for source in edition.sources],
        # All of them: one that serves no catchment stands at no feature.
        "providers": [provider_json(provider) for provider in by_code(edition)],
    }


def by_code(edition: Edition) -> list[Provider]:
    """Return all providers of an edition by code."""
    return [edition.providers[code] for code in sorted(edition.providers)]


def edition_json(edition: Edition) -> dict[str, Any]:
    """Return which edition it is, as it stands in files."""
    starts = edition.effective_from
    return {
        "number": edition.number,
        "title": edition.title,
        "effective_from": starts.isoformat() if starts else None,
    }


def source_json(source: Source) -> dict[str, Any]:
    """Return a source as it stands in files."""
    told = {name: getattr(source, name) for name in SOURCE_COLUMNS}
    return {**told, "kind": source.kind.value}


def source_cells(source: Source) -> list[Cell]:
    """Return the SOURCE_COLUMNS of a source."""
    return list(source_json(source).values())


def properties(edition: Edition, catchment: Catchment) -> dict[str, Any]:
    """Return what files say of a catchment beside its boundary: flat, as GIS programs have it."""
    starts = edition.effective_from
    return {
        "catchment_code": catchment.code,
        "catchment_name": catchment.name,
        "education_region": catchment.education_region or None,
        **served_by(edition.provider_of(catchment)),
        "edition": edition.number,
        "effective_from": starts.isoformat() if starts else None,
        "demonstration": edition.demonstration,
    }


def served_by(provider: Provider | None) -> dict[str, str | None]:
    """Return a provider by PROVIDER_COLUMNS; what is not known of it is None, as all of nobody."""
    told = provider_json(provider or Provider("", ""))
    return {f"provider_{name}": text or None for name, text in told.items()}


def provider_json(provider: Provider) -> dict[str, str]:
    """Return a provider as it stands in files."""
    return {
        "code": provider.code,
        "name": provider.name,
        "phone": provider.phone,
        "email": provider.email,
        "website": provider.website,
    }


def rounded(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry with its degrees at as many decimals as are published."""
    return shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))

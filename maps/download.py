"""The boundaries as published, for people to download: RFC 7946 GeoJSON, not simplified."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.coordinates import geometry_to_180, geometry_to_360
from catchments.model import Catchment, Edition, Provider, Source

DECIMALS = 7
"""Seven decimals of a degree are a centimetre, more than any source claims."""


def boundaries_geojson(edition: Edition) -> bytes:
    """Return every catchment as a feature, with its provider; one without a boundary has null.

    Beside RFC 7946's members stand `demonstration`, `edition` and `sources`.
    """
    collection = {
        "type": "FeatureCollection",
        "demonstration": edition.demonstration,
        "edition": _edition(edition),
        "sources": [_source(source) for source in edition.sources],
        "features": [
            _feature(edition, edition.catchments[code]) for code in sorted(edition.catchments)
        ],
    }
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def _edition(edition: Edition) -> dict[str, Any]:
    starts = edition.effective_from
    return {
        "number": edition.number,
        "title": edition.title,
        "effective_from": starts.isoformat() if starts else None,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind.value,
        "title": source.title,
        "authority": source.authority,
        "licence": source.licence,
        "release": source.release,
        "url": source.url,
    }


def _feature(edition: Edition, catchment: Catchment) -> dict[str, Any]:
    provider = edition.providers.get(catchment.provider_code or "")
    return {
        "type": "Feature",
        "id": catchment.code,
        "properties": {
            "code": catchment.code,
            "name": catchment.name,
            "education_region": catchment.education_region,
            "provider": _provider(provider) if provider else None,
            "edition": edition.number,
            "demonstration": edition.demonstration,
        },
        "geometry": _geometry(edition.boundaries.get(catchment.code)),
    }


def _provider(provider: Provider) -> dict[str, str]:
    return {
        "code": provider.code,
        "name": provider.name,
        "phone": provider.phone,
        "email": provider.email,
        "website": provider.website,
    }


def _geometry(boundary: BaseGeometry | None) -> dict[str, Any] | None:
    """Return a boundary split at 180° and wound as RFC 7946 wants it: outer rings left-hand."""
    if boundary is None or boundary.is_empty:
        return None
    published = shapely.orient_polygons(geometry_to_180(geometry_to_360(boundary)))
    mapping: dict[str, Any] = shapely.geometry.mapping(published)
    return {"type": mapping["type"], "coordinates": _rounded(mapping["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, DECIMALS)
    return [_rounded(part) for part in coordinates]

"""Editions described for data catalogues such as data.govt.nz: DCAT 3 in JSON-LD.

A catalogue, a dataset an edition, a distribution a file. Nothing is said that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from flask import url_for

from catchments.core.model import EditionSummary, SourceKind
from catchments.lookup.resolver import long_date
from catchments.lookup.snapshot import Published

Json = dict[str, Any]
LD_JSON = "application/ld+json"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "locn": "http://www.w3.org/ns/locn#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ENGLISH = {"@id": "http://publications.europa.eu/resource/authority/language/ENG"}
KEYWORDS = ("attendance", "catchments", "education", "providers", "schools", "New Zealand")
NAME = "Attendance service catchments and providers"


def catalogue(world: Published, described: Iterable[tuple[EditionSummary, Json | None]]) -> Json:
    """Return a catalogue of editions, each with its manifest; those without one are left out."""
    datasets = [_dataset(world, edition, told) for edition, told in described if told]
    home = url_for("downloads.page", _external=True)
    whole = {
        "@id": url_for("downloads.whole_catalogue", _external=True),
        "@type": "dcat:Catalog",
        "dct:title": NAME,
        "dct:description": "Every edition of the catchments of the attendance service: boundaries, "
        "schools and providers.",
        "dct:language": ENGLISH,
        "foaf:homepage": {"@id": home},
        "dcat:dataset": [{"@id": each["@id"]} for each in datasets],
    }
    parts = [part for each in datasets for part in each.pop("parts")]
    return {"@context": CONTEXT, "@graph": [whole, *datasets, *parts]}


def _dataset(world: Published, edition: EditionSummary, told: Json) -> Json:
    page = url_for("downloads.edition_page", edition=edition.number, _external=True)
    name = f"{page}#dataset"
    parts = [_distribution(page, told, file) for file in told["files"]]
    return {
        "@id": name,
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": f"{NAME}, edition {edition.number}, from {long_date(edition.effective_from)}",
        "dct:description": _description(edition, told),
        "dct:publisher": _publisher(told),
        "dct:issued": _typed("date", edition.published_at.date().isoformat()),
        "dct:modified": _typed("date", edition.published_at.date().isoformat()),
        "dct:temporal": _period(world, edition),
        "dct:spatial": _place(told["bounds"]),
        "dct:license": [_licence(each) for each in told["licences"]],
        "dct:source": [_source(each) for each in told["sources"]],
        "dct:language": ENGLISH,
        "dcat:keyword": [*KEYWORDS, *(["demonstration"] if told["demonstration"] else [])],
        "dcat:landingPage": {"@id": page},
        "dcat:version": str(edition.number),
        "dcat:distribution": [{"@id": each["@id"]} for each in parts],
        "parts": parts,
    }


def _description(edition: EditionSummary, told: Json) -> str:
    said = [told["notice"], edition.title and f"{edition.title}.", edition.reason]
    held = f"In force from {long_date(edition.effective_from)}."
    return " ".join(filter(None, [*said, held]))


def _publisher(told: Json) -> Json:
    """Return whose boundaries they are: the service publishes what others decide."""
    whose = [s["authority"] for s in told["sources"] if s["kind"] == SourceKind.BOUNDARIES]
    return {"@type": "foaf:Organization", "foaf:name": whose[0] if whose else "not stated"}


def _licence(licence: Json) -> Json:
    if licence["url"]:
        return {"@id": licence["url"], "@type": "dct:LicenseDocument", "dct:title": licence["name"]}
    return {"@type": "dct:LicenseDocument", "dct:title": licence["name"]}


def _source(source: Json) -> Json:
    named = {"@id": source["url"]} if source["url"].startswith(("https://", "http://")) else {}
    credit = f"{source['title']} – {source['authority']}, {source['licence']}"
    return {**named, "dct:title": f"{credit}, release {source['release']}"}


def _period(world: Published, edition: EditionSummary) -> Json:
    period = {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": _typed("date", edition.effective_from.isoformat()),
    }
    place = (edition.effective_from, edition.number)
    later = (e for e in world.timeline.editions if (e.effective_from, e.number) > place)
    follower = next(later, None)
    if follower and follower.effective_from > edition.effective_from:
        last_day = follower.effective_from - timedelta(days=1)
        period["dcat:endDate"] = _typed("date", last_day.isoformat())
    return period


def _distribution(page: str, told: Json, file: Json) -> Json:
    media_type = file["media_type"].partition(";")[0]
    crs = {"dct:conformsTo": {"@id": EPSG + file["crs"].rpartition(":")[2]}} if file["crs"] else {}
    return {
        "@id": file["url"],
        "@type": "dcat:Distribution",
        "dct:title": f"{file['title']} ({file['format']})",
        "dct:description": file["about"],
        "dcat:downloadURL": {"@id": file["url"]},
        "dcat:accessURL": {"@id": page},
        "dcat:mediaType": {"@id": MEDIA_TYPES + media_type},
        "dct:format": file["format"],
        "dct:license": [_licence(each) for each in told["licences"]],
        "dcat:byteSize": _typed("nonNegativeInteger", str(file["bytes"])),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed("hexBinary", file["sha256"]),
        },
        **crs,
    }


def _place(bounds: Sequence[float] | None) -> Json | None:
    """Return where it is; across 180° as two boxes, one on either side."""
    if bounds is None:
        return None
    west, south, east, north = bounds
    halves = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    rings = [[[w, south], [e, south], [e, north], [w, north], [w, south]] for w, e in halves]
    shape = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    written = ", ".join(f"(({', '.join(f'{x} {y}' for x, y in ring)}))" for ring in rings)
    wkt = {"@type": "gsp:wktLiteral", "@value": f"MULTIPOLYGON ({written})"}
    geojson = {
        "@type": f"{MEDIA_TYPES}application/vnd.geo+json",
        "@value": msgspec.json.encode(shape).decode(),
    }
    return {"@type": "dct:Location", "dcat:bbox": wkt, "locn:geometry": [geojson, wkt]}


def _typed(kind: str, value: str) -> Json:
    return {"@type": f"xsd:{kind}", "@value": value}

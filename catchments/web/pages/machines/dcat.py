"""Editions described for data catalogues such as data.govt.nz: DCAT 3 in JSON-LD.

A catalogue, a dataset an edition, a distribution a file. Nothing is said that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from catchments.core.errors import long_date
from catchments.core.model import NOT_STATED, EditionSummary
from catchments.lookup.snapshot import Published
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.services import absolute_url
from catchments.web.pages.edition_history import history_of
from catchments.web.pages.machines.blueprint import halves
from maps.exports.data_package import publisher

Json = dict[str, Any]
LD_JSON = "application/ld+json"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
EU = "http://publications.europa.eu/resource/authority/"
ENGLISH = {"@id": f"{EU}language/ENG", "@type": "dct:LinguisticSystem"}
THEME = {"@id": f"{EU}data-theme/EDUC", "@type": "skos:Concept", "skos:prefLabel": "Education"}
FILE_TYPES = f"{EU}file-type/"
KNOWN_TYPES = {
    "CSV": "CSV",
    "GeoJSON": "GEOJSON",
    "GeoPackage": "GPKG",
    "GeoParquet": "PARQUET",
    "KML": "KML",
    "PDF": "PDF",
    "PNG": "PNG",
    "Shapefile": "SHP",
    "XLSX": "XLSX",
}
"""Of the European Union's list of types of files, by our names; it has no others of ours."""
SHA256 = {"@id": "spdx:checksumAlgorithm_sha256", "@type": "spdx:ChecksumAlgorithm"}
KEYWORDS = ("attendance", "catchments", "education", "providers", "schools", "New Zealand")
NAME = "Attendance service catchments and providers"


def catalogue(world: Published, described: Iterable[tuple[EditionSummary, Json | None]]) -> Json:
    """Return a catalogue of editions, each with its manifest; those without one are left out."""
    datasets = [_dataset(world, edition, told) for edition, told in described if told]
    newest = datasets[-1] if datasets else None
    home = absolute_url("downloads.page")
    whole = {
        "@id": absolute_url("downloads.whole_catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": NAME,
        "dct:description": "Every edition of the catchments of the attendance service: boundaries, "
        "schools and providers.",
        "dct:publisher": newest["dct:publisher"] if newest else _organisation(NOT_STATED),
        "dct:language": ENGLISH,
        "foaf:homepage": {"@id": home, "@type": "foaf:Document"},
        "dcat:dataset": [{"@id": each["@id"]} for each in datasets],
    }
    parts = [part for each in datasets for part in each.pop("parts")]
    return {"@context": CONTEXT, "@graph": [whole, *datasets, *parts]}


def _dataset(world: Published, edition: EditionSummary, told: Json) -> Json:
    page = absolute_url("downloads.edition_page", edition=edition.number)
    name = f"{page}#dataset"
    parts = [_distribution(page, told, file) for file in told["files"]]
    return {
        "@id": name,
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": f"{NAME}, edition {edition.number}, from {long_date(edition.effective_from)}",
        "dct:description": _description(edition, told),
        # Whose boundaries they are: the service publishes what others decide.
        "dct:publisher": _organisation(publisher(told)),
        "dct:issued": _typed("date", in_new_zealand(edition.published_at).date().isoformat()),
        "dct:modified": _typed("date", in_new_zealand(edition.published_at).date().isoformat()),
        "dct:temporal": _period(world, edition),
        "dct:spatial": _place(told["bounds"]),
        "dct:license": [_licence(each) for each in told["licences"]],
        "dct:source": [_source(each) for each in told["sources"]],
        "dct:language": ENGLISH,
        "dcat:keyword": [*KEYWORDS, *(["demonstration"] if told["demonstration"] else [])],
        "dcat:theme": THEME,
        "dcat:landingPage": {"@id": page, "@type": "foaf:Document"},
        "dcat:version": str(edition.number),
        "dcat:distribution": [{"@id": each["@id"]} for each in parts],
        "parts": parts,
    }


def _description(edition: EditionSummary, told: Json) -> str:
    said = [told["notice"], edition.title and f"{edition.title}.", edition.reason]
    held = f"In force from {long_date(edition.effective_from)}."
    return " ".join(filter(None, [*said, held]))


def _organisation(name: str) -> Json:
    # An organization is an agent, which those who infer nothing have to be told.
    return {"@type": ["foaf:Organization", "foaf:Agent"], "foaf:name": name}


def _licence(licence: Json) -> Json:
    if licence["url"]:
        return {"@id": licence["url"], "@type": "dct:LicenseDocument", "dct:title": licence["name"]}
    return {"@type": "dct:LicenseDocument", "dct:title": licence["name"]}


def _source(source: Json) -> Json:
    named = {"@id": source["url"]} if source["url"].startswith(("https://", "http://")) else {}
    credit = f"{source['title']} – {source['authority']}, {source['licence']}"
    whole = f"{credit}, release {source['release']}"
    about = f"Supplied: {source['kind']}."
    return {**named, "@type": "dcat:Dataset", "dct:title": whole, "dct:description": about}


def _period(world: Published, edition: EditionSummary) -> Json:
    period = {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": _typed("date", edition.effective_from.isoformat()),
    }
    ends = history_of(world).last_day(edition)
    if ends and ends >= edition.effective_from:
        period["dcat:endDate"] = _typed("date", ends.isoformat())
    return period


def _distribution(page: str, told: Json, file: Json) -> Json:
    media_type = file["media_type"].partition(";")[0]
    crs = {"dct:conformsTo": _system(file["crs"])} if file["crs"] else {}
    return {
        "@id": file["url"],
        "@type": "dcat:Distribution",
        "dct:title": f"{file['title']} ({file['format']})",
        "dct:description": file["about"],
        "dcat:downloadURL": {"@id": file["url"]},
        "dcat:accessURL": {"@id": page},
        "dcat:mediaType": {"@id": MEDIA_TYPES + media_type, "@type": "dct:MediaType"},
        "dct:format": _format(file["format"]),
        "dct:license": [_licence(each) for each in told["licences"]],
        "dcat:byteSize": _typed("nonNegativeInteger", str(file["bytes"])),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": SHA256,
            "spdx:checksumValue": _typed("hexBinary", file["sha256"]),
        },
        **crs,
    }


def _format(name: str) -> Json:
    known = {"@id": FILE_TYPES + KNOWN_TYPES[name]} if name in KNOWN_TYPES else {}
    return {**known, "@type": "dct:MediaTypeOrExtent", "rdfs:label": name}


def _system(crs: str) -> Json:
    return {"@id": EPSG + crs.rpartition(":")[2], "@type": "dct:Standard", "dct:title": crs}


def _place(bounds: Sequence[float] | None) -> Json | None:
    """Return where it is; across 180° as two boxes, one on either side."""
    if bounds is None:
        return None
    rings = [[[w, s], [e, s], [e, n], [w, n], [w, s]] for w, s, e, n in halves(bounds)]
    written = ", ".join(f"(({', '.join(f'{x} {y}' for x, y in ring)}))" for ring in rings)
    wkt = {"@type": "gsp:wktLiteral", "@value": f"MULTIPOLYGON ({written})"}
    return {"@type": "dct:Location", "dcat:bbox": wkt}


def _typed(kind: str, value: str) -> Json:
    return {"@type": f"xsd:{kind}", "@value": value}

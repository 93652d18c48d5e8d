"""The data package of an edition: its files, and what the columns of its tables are.

Source: Data Package 2.0, https://datapackage.org, written so that programs for 1.0 read it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catchments.core.column_vocabulary import BY_NAME, Column, Kind
from catchments.core.model import NOT_STATED, SourceKind
from catchments.core.text_folding import folded
from maps.exports.downloads import FILES, SCHOOLS_CSV
from maps.wording import made_up

Json = dict[str, Any]
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
LICENCES = {"cc by 4 0": "CC-BY-4.0", "cc0": "CC0-1.0"}
"""The identifiers of SPDX and Open Definition, by licences, folded."""
_TYPES = {Kind.TEXT: "string"}
_IN_CSV = {
    "trueValues": [made_up(demonstration=True)],
    "falseValues": [made_up(demonstration=False)],
}


def data_package(told: Json, saved_as: Mapping[str, str], *, created: datetime, home: str) -> Json:
    """Return the package of an edition, from its manifest and the names that files are saved under.

    Its paths are those names: they lead to the files beside the package, at its address as well as
    in a folder.
    """
    edition = told["edition"]
    title = f"Attendance service catchments and providers, edition {edition['number']}"
    return {
        "$schema": PROFILE,
        "name": f"attendance-catchments-edition-{edition['number']}",
        "title": title,
        "description": " ".join(filter(None, [told["notice"], edition["title"]])),
        "homepage": home,
        "version": str(edition["number"]),
        "created": created.isoformat(timespec="seconds"),
        "contributors": [{"title": publisher(told), "roles": ["publisher"]}],
        "licenses": [_licence(each) for each in told["licences"]],
        "sources": [_source(each) for each in told["sources"]],
        "resources": [_resource(file, saved_as[file["name"]]) for file in told["files"]],
        "effective_from": edition["effective_from"],
        "demonstration": told["demonstration"],
    }


def fields(columns: tuple[str, ...]) -> list[Json]:
    """Return what a Table Schema says of columns of the vocabulary."""
    return [_field(BY_NAME[name]) for name in columns]


def _field(column: Column) -> Json:
    unit = {"unit": column.unit} if column.unit else {}
    truths = _IN_CSV if column.kind is Kind.BOOLEAN else {}
    kind = _TYPES.get(column.kind, column.kind.value)
    said = {"name": column.name, "type": kind, "description": column.meaning}
    return {**said, **unit, **truths}


def _resource(file: Json, path: str) -> Json:
    table = {"type": "table", "encoding": "utf-8"} if file["name"] == SCHOOLS_CSV else {}
    columns = next((each.columns for each in FILES if each.name == file["name"]), ())
    fields_of = {"fields": fields(columns), "primaryKey": list(columns[:1]), "missingValues": [""]}
    schema = {"schema": fields_of} if columns else {}
    crs = {"crs": file["crs"]} if file["crs"] else {}
    return {
        "name": re.sub(r"[^a-z0-9-]+", "-", file["name"]),
        "path": path,
        **table,
        "title": file["title"],
        "description": file["about"],
        "format": _format(path),
        "mediatype": file["media_type"].partition(";")[0],
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
        **crs,
        **schema,
    }


def _format(path: str) -> str:
    """Return a file's format by its ending; GeoParquet is no plain Parquet: it has areas."""
    return path.rpartition(".")[2].replace("parquet", "geoparquet")


def publisher(told: Json) -> str:
    """Return whose boundaries an edition has, by its manifest."""
    whose = [s["authority"] for s in told["sources"] if s["kind"] == SourceKind.BOUNDARIES]
    return whose[0] if whose else NOT_STATED


def _licence(licence: Json) -> Json:
    known = LICENCES.get(folded(licence["name"]))
    path = {"path": licence["url"]} if licence["url"] else {}
    # A licence has a name or a path; one of neither kind is named by its letters.
    name = known or re.sub(r"[^-A-Za-z0-9._]+", "-", licence["name"]).strip("-") or "not-stated"
    return {"name": name, "title": licence["name"], **path}


def _source(source: Json) -> Json:
    path = {"path": source["url"]} if source["url"].startswith(("https://", "http://")) else {}
    return {
        "title": f"{source['title']} – {source['authority']}",
        **path,
        "version": source["release"],
    }

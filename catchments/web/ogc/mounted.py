"""pygeoapi, as far as it is ours to mount: imported at the first request of a GIS program.

It writes every document; it reads nothing of a request but what was checked before. What it would
do beyond that – its own log, its process manager, requests elsewhere – its constructor would start,
so that ours takes its place. What of its documents is not true of this service is mended here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec
from pygeoapi import l10n
from pygeoapi.api import (
    API,
    CONFORMANCE_CLASSES,
    APIRequest,
    describe_collections,
    get_collection_schema,
    landing_page,
)
from pygeoapi.api.itemtypes import (
    CONFORMANCE_CLASSES_FEATURES,
    get_collection_item,
    get_collection_items,
    get_collection_queryables,
)
from pygeoapi.openapi import get_oas_30
from pygeoapi.provider.base import BaseProvider
from pygeoapi.util import get_api_rules

from catchments.web.ogc.frames import CRS84, FRAMES
from catchments.web.ogc.layers import COLLECTED, Layer
from catchments.web.ogc.links import Links, Part
from catchments.web.ogc.openapi import contract

Json = dict[str, Any]
LANGUAGE = "en-NZ"
CONFORMANCE = {
    uri
    for uri in (*CONFORMANCE_CLASSES, *CONFORMANCE_CLASSES_FEATURES)
    if "create-replace-delete" not in uri  # named for every server, and nothing here is written to
}
"""As read from pygeoapi: its own function lengthens its list each time that it is asked."""
WRITERS: Mapping[str, Callable[..., Any]] = {
    "landing": landing_page,
    "collections": describe_collections,
    "collection": describe_collections,
    "queryables": get_collection_queryables,
    "schema": get_collection_schema,
}
"""pygeoapi's functions, by the kind of document."""
ELSEWHERE = ("/processes", "/jobs", "/TileMatrixSets", "f=jsonld")
"""What pygeoapi links to on every server and this one does not have."""

# Whatever of a query it would write into a log may be somebody's address.
logging.getLogger("pygeoapi").setLevel(logging.CRITICAL + 1)


@dataclass
class Selection:
    """What a request asks of a layer, and what pygeoapi's paging made of it."""

    layer: Layer
    positions: Sequence[int]
    """Of all features that were asked for, before paging."""
    crs: str = CRS84
    features: list[msgspec.Raw] = field(default_factory=list)


class LayerProvider(BaseProvider):  # type: ignore[misc]
    """A layer as pygeoapi's plugin. The text of its features goes past pygeoapi, which would parse
    and write them anew: a page of detailed boundaries took it seconds."""

    def __init__(self, definition: Json) -> None:
        super().__init__(definition)
        self._of = COLLECTED[definition["data"]]
        self._selection: Selection | None = definition["selection"]
        # Its callers write into what they get.
        self._fields = {name: dict(schema) for name, schema in self._of.fields.items()}

    def get_fields(self) -> Json:
        """Return each field's JSON Schema."""
        return self._fields

    def query(
        self,
        *,
        offset: int,
        limit: int,
        skip_geometry: bool,
        select_properties: list[str],
        **_: Any,
    ) -> Json:
        """Choose a page of the selection."""
        chosen = self._selection
        assert chosen is not None  # noqa: S101 - only documents without features have none
        page = chosen.positions[offset : offset + limit]
        chosen.features = [
            chosen.layer.feature(
                at, crs=chosen.crs, only=select_properties, placed=not skip_geometry
            )
            for at in page
        ]
        return {
            "type": "FeatureCollection",
            "features": [],
            "numberMatched": len(chosen.positions),
            "numberReturned": len(page),
        }

    def get(self, _identifier: str, **_: Any) -> Json:
        """Choose the one feature of the selection."""
        chosen = self._selection
        assert chosen is not None  # noqa: S101 - likewise
        chosen.features = [chosen.layer.feature(chosen.positions[0], crs=chosen.crs)]
        return {"type": "Feature"}


class _Api(API):  # type: ignore[misc]
    def __init__(self, config: Json) -> None:
        self.config = self.tpl_config = config
        self.api_headers = get_api_rules(config).response_headers
        self.base_url = config["server"]["url"]
        self.locales = l10n.get_locales(config)
        self.default_locale = self.locales[0]
        self.pretty_print = False


@dataclass(frozen=True)
class Mounted:
    """pygeoapi on one selection (or none), below one address."""

    about: Json
    """The parts `resources` and `metadata` of pygeoapi's configuration."""
    base: str
    selection: Selection | None = None

    def document(self, kind: str, *of: str) -> Json:
        """Return a document of a kind, of a collection where it is named."""
        if kind == "conformance":
            return {"conformsTo": sorted(CONFORMANCE)}
        if kind == "openapi":
            return {**contract(get_oas_30(self._config())), "servers": [{"url": self.base}]}
        return self._written(WRITERS[kind], *of)

    def items(self, name: str, page: Mapping[str, str], links: Links) -> Json:
        """Return a page of features; `page` is the query that pygeoapi is to answer."""
        body = self._written(get_collection_items, name, args=page)
        body.pop("timeStamp")  # the same question has the same answer, byte for byte
        assert self.selection is not None  # noqa: S101 - items are always of one
        part = Part(int(page["limit"]), int(page["offset"]), body["numberMatched"])
        linked = links.of(body["links"], f"{self.base}/collections/{name}/items", part)
        return {**body, "features": self.selection.features, "links": linked}

    def item(self, name: str, identifier: str, links: Links) -> Json:
        """Return one feature; its id is quoted for an address."""
        body = self._written(get_collection_item, name, identifier)
        assert self.selection is not None  # noqa: S101 - likewise
        feature = msgspec.json.decode(self.selection.features[0], type=dict[str, msgspec.Raw])
        linked = links.of(body["links"], f"{self.base}/collections/{name}/items/{identifier}")
        return {**body, **feature, "links": linked}

    def _written(
        self, write: Callable[..., Any], *of: str, args: Mapping[str, str] | None = None
    ) -> Json:
        api = _Api(self._config())
        # A request as pygeoapi reads one: nothing that a client sent but what was checked.
        checked = SimpleNamespace(args={"f": "json", **(args or {})}, headers={}, path_info="")
        asked = APIRequest(checked, api.locales)
        _headers, status, text = write(api, asked, *of)
        body: Json = msgspec.json.decode(text)
        if status >= 400:
            raise RuntimeError(f"pygeoapi answers {status} to what was checked")
        return _mended(body)

    def _config(self) -> Json:
        """Return pygeoapi's configuration; what it writes into is made anew."""
        resources = {
            name: {**about, "providers": [self._provider(name)]}
            for name, about in self.about["resources"].items()
        }
        server = {"url": self.base, "languages": [LANGUAGE], "api_rules": {"api_version": "1.0.0"}}
        return {"server": server, **self.about, "resources": resources}

    def _provider(self, name: str) -> Json:
        return {
            "type": "feature",
            "name": f"{__name__}.{LayerProvider.__name__}",
            "data": name,
            "selection": self.selection,
            "id_field": COLLECTED[name].id_field,
            "title_field": "name",
            "crs": list(FRAMES),
            "storage_crs": CRS84,
        }


def _mended(body: Json) -> Json:
    """Return a document without links to what this service does not have."""
    for part in (body, *body.get("collections", [])):
        if "links" in part:
            part["links"] = [
                link for link in part["links"] if not any(t in link["href"] for t in ELSEWHERE)
            ]
    return body

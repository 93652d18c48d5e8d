"""The links of features: to the same answer in each form, to the pages beside it, to the latest.

pygeoapi's own lose what was asked: the offset, the system, the form of the next page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]
LATEST = "latest-version"  # RFC 5829
GEOJSON = "application/geo+json"


@dataclass(frozen=True)
class Part:
    """Which part of how many features a page has."""

    limit: int
    offset: int
    total: int

    def beside(self, relation: str) -> Mapping[str, str]:
        """Return the query of this page, or of the one before or after it, as `_written`."""
        offset = {
            "next": self.offset + self.limit,
            "prev": max(0, min(self.offset, self.total) - self.limit),
        }.get(relation, self.offset)
        return {"limit": f"limit={self.limit}", "offset": f"offset={offset}"}


@dataclass(frozen=True)
class Links:
    """The queries that links ask with."""

    this: Mapping[str, str]
    """For this answer and the pages beside it: of one edition and directory release."""
    latest: Mapping[str, str]
    """For the same from its beginning, of whatever is in force when somebody asks."""

    def of(self, written: Iterable[Json], address: str, part: Part | None = None) -> list[Json]:
        """Return pygeoapi's links; those to what is at an address ask for all that was asked."""
        this = _written(self.this)
        links = [
            _asking(link, address, {**this, **(part.beside(link["rel"]) if part else {})})
            if link["href"].startswith(address)
            else link
            for link in written
        ]
        return [*links, self._to_latest(address, part)]

    def _to_latest(self, address: str, part: Part | None) -> Json:
        title = "The same of the edition in force"
        link = {"type": GEOJSON, "rel": LATEST, "title": title}
        limit = {"limit": str(part.limit)} if part else {}
        return _asking(link, address, _written({**self.latest, **limit}))


def _written(query: Mapping[str, str]) -> Mapping[str, str]:
    """Return each parameter as it stands in an address, by its name: several links ask with it."""
    return {name: urlencode({name: value}) for name, value in query.items()}


def _asking(link: Json, address: str, query: Mapping[str, str]) -> Json:
    form = "f=html" if link["type"] == "text/html" else "f=json"
    return {**link, "href": f"{address}?{'&'.join({**query, 'f': form}.values())}"}

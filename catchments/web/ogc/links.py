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
class Links:
    """The queries that links ask with."""

    this: Mapping[str, str]
    """For this answer and the pages beside it: of one edition and directory release."""
    latest: Mapping[str, str]
    """For the same from its beginning, of whatever is in force when somebody asks."""

    def of(
        self, written: Iterable[Json], address: str, *, limit: int = 0, offset: int = 0
    ) -> list[Json]:
        """Return pygeoapi's links; those to what is at an address ask for all that was asked.

        With a limit they lead to pages of that length.
        """
        links = [
            _asking(link, address, {**self.this, **_part(link, limit, offset)})
            if link["href"].startswith(address)
            else link
            for link in written
        ]
        return [*links, self._to_latest(address, limit)]

    def _to_latest(self, address: str, limit: int) -> Json:
        title = "The same of the edition in force"
        link = {"type": GEOJSON, "rel": LATEST, "title": title}
        part = {"limit": str(limit)} if limit else {}
        return _asking(link, address, {**self.latest, **part})


def _asking(link: Json, address: str, query: Mapping[str, str]) -> Json:
    form = "html" if link["type"] == "text/html" else "json"
    return {**link, "href": f"{address}?{urlencode({**query, 'f': form})}"}


def _part(link: Json, limit: int, offset: int) -> Mapping[str, str]:
    step = {"next": limit, "prev": -limit}.get(link["rel"], 0)
    return {"limit": str(limit), "offset": str(max(0, offset + step))} if limit else {}

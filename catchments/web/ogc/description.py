"""The description of the collections: their titles, extents, sources and licence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from catchments.lookup.snapshot import AsAt, Published
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME
from catchments.web.common.payload import origin_json
from catchments.web.ogc.frames import CRS84
from catchments.web.ogc.layers import COLLECTED, layer_of

Json = dict[str, Any]
TITLE = "Attendance service catchments, schools and providers"
ABOUT = (
    "Who serves which area and which school of New Zealand, for GIS programs. Every response "
    "holds one edition, that in force today or on the date given as datetime; the pages that its "
    "links lead to are of the same."
)
MADE_UP = "DEMONSTRATION DATA: these catchments and providers are made up."
KEYWORDS = ["New Zealand", "education", "attendance", "catchments", "schools"]
LICENCES = {
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
"""Where a licence that a source names can be read; others are named without an address."""
_PAGED = "A page has at most {:,} features, and a link to the next one."
NEW_ZEALAND = (165.0, -53.0, -176.0, -28.0)
"""West, south, east, north: the extent where nothing has one."""
_HOUR = "%Y-%m-%dT%H:%M:%SZ"


def about_service(root: str, asked: AsAt) -> Json:
    """Return the parts `metadata` and `resources` of pygeoapi's configuration."""
    sources = origin_json(asked)["sources"]
    licences = list(dict.fromkeys(source["licence"] for source in sources))
    known = [{"title": name, "href": LICENCES[name]} for name in licences if name in LICENCES]
    warning = f"{MADE_UP} " if asked.demonstration else ""
    return {
        "metadata": _metadata(root, licences, f"{warning}{ABOUT}"),
        "resources": {
            name: {
                "type": "collection",
                "title": each.title,
                "description": f"{warning}{each.about} {_PAGED.format(each.at_once)}",
                "keywords": KEYWORDS,
                "links": [{"type": "text/html", "rel": "license", **each} for each in known],
                "extents": {"spatial": {"bbox": extent(asked, name), "crs": CRS84}},
                "limits": {"default_items": each.usual, "max_items": each.at_once},
            }
            for name, each in COLLECTED.items()
        },
    }


def _metadata(root: str, licences: Sequence[str], about: str) -> Json:
    known = filter(None, map(LICENCES.get, licences))
    return {
        "identification": {
            "title": TITLE,
            "description": about,
            "keywords": KEYWORDS,
            "terms_of_service": f"{root}/history",
            "url": f"{root}/",
        },
        "license": {
            "name": ", ".join(licences) or "as each source says",
            "url": next(known, f"{root}/history"),
        },
        "provider": {"name": TITLE, "url": f"{root}/"},
        "contact": {"name": TITLE, "url": f"{root}/"},
    }


def provenance(asked: AsAt) -> Json:
    """Return what each response says of its edition, its sources and its licence."""
    said = origin_json(asked)
    credited = [
        f"{source['title']}, {source['authority']}, {source['release']} ({source['licence']})"
        for source in said["sources"]
    ]
    return {**said, "attribution": "; ".join(dict.fromkeys(credited))}


def temporal(world: Published) -> Json:
    """Return the extent in time: from the first edition on."""
    first = world.timeline.editions[0].effective_from
    starts = datetime.combine(first, time(), NEW_ZEALAND_TIME).astimezone(ZoneInfo("UTC"))
    return {"interval": [[starts.strftime(_HOUR), None]]}


def extent(asked: AsAt, name: str) -> list[float]:
    """Return west, south, east, north of a collection; west is the greater across 180°."""
    known = asked.snapshot and layer_of(asked.world, asked.snapshot, name).extent
    return list(known or NEW_ZEALAND)

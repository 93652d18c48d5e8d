"""Words of the map in one file, in English: the pages have theirs in their reader's language."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
    "empty": "Nothing chosen yet. Choose a catchment on the map, or find it by name.",
    "map": "Map of catchments. The list beside it says the same. "
    "Arrow keys move it, Enter chooses what is under the cross.",
    "unavailable": "The map could not be shown. The list has every catchment and its provider.",
    "noSchools": "There are no schools in this file.",
    "noCatchment": "No catchment is recorded",
    "noProvider": "No provider is recorded",
    "noRegion": "No region recorded",
    "phone": "Phone",
    "email": "Email",
    "website": "Website",
    "catchment": "Catchment",
    "region": "Region",
    "catchmentNamed": "{name} catchment",
    "school": "school {id}",
    "count": "Schools: {count}",
    "states": {"proposed": "proposed", "closed": "closed"},
    "moreOfCatchment": "",
    "moreOfSchool": "",
    "moreOfPlace": "",
    "legend": "Legend",
    "coloursMean": "Colours show",
    "layers": "Layers",
    "meanings": {"region": "Region", "provider": "Provider", "none": "Nothing"},
    "all": "All New Zealand",
    "chathams": "Chatham Islands",
    "full": "Full screen",
    "leaveFull": "Leave full screen",
    "locate": "Where I am",
    "here": "Where you are",
    "noLocation": "Your browser does not say where you are.",
    "farAway": "You are outside New Zealand, or your browser thinks so.",
    "twoFingers": "Use two fingers to move the map",
    "wheel": "Hold Ctrl and turn the wheel to zoom",
    "wheelMac": "Hold ⌘ and turn the wheel to zoom",
    "copied": "Copied",
}

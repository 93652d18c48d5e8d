"""The page of a map in one file: its shell, which Folium wrote, with data, scripts and styles.

What people and files supplied never goes through branca, which would render it as a template: it
is put in as JSON, and as escaped text, after Folium has written the shell.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import msgspec

from catchments.core.errors import long_date
from catchments.core.model import Answer, Catchment
from maps.exports.export_input import ExportInput
from maps.leaflet import LEAFLET_FOLDER, MAP_SCRIPTS
from maps.screen.orientation import places_json
from maps.screen.school_rows import school_row
from maps.screen.shell import MAP_NAME, Shell
from maps.screen.words import WORDS
from maps.topology import drawn_topology, overview_topology
from maps.wording import DO_NOT_USE, credit_lines, in_force, one_line

STATIC = Path(__file__).resolve().parents[2] / "catchments" / "web" / "static"
"""The scripts and styles that our own pages load."""
FIND = STATIC / "map-find.js"
LARGEST_BYTES = 1_000_000
"""Above which boundaries are those of the whole country at once."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""The file asks nobody for anything, whoever opens it wherever."""
SEARCH = f"""<form id="map-find" class="finder" data-map="{MAP_NAME}">
<label for="map-find-text">Find a school, a catchment or a provider</label>
<div class="search-row"><input id="map-find-text" type="search" list="map-find-names"
autocomplete="off" spellcheck="false"><button class="button">Find</button></div>
<datalist id="map-find-names"></datalist>
<p class="hint" role="status" hidden>Nothing on this map is called so.</p></form>"""
CARD = """<template id="answer-template"><div class="answer">
<button type="button" class="button quiet answer-close" data-close>Close</button>
<p class="answer-place" data-slot="place"></p>
<h2 class="answer-provider" tabindex="-1" data-slot="provider"></h2>
<dl class="facts"></dl><p class="answer-more"><a data-slot="more"></a></p>
</div></template>"""


def whole_page(material: ExportInput, shell: Shell) -> str:
    """Return the page, with boundaries drawn from afar where they are too large."""
    page = _page(material, shell, drawn_topology(material))
    if len(page.encode()) <= LARGEST_BYTES:
        return page
    return _page(material, shell, overview_topology(material))


# --- the page -------------------------------------------------------------------------------------


def _page(material: ExportInput, shell: Shell, boundaries: bytes) -> str:
    title = "Attendance service catchments"
    styles = [LEAFLET_FOLDER / "leaflet.css", STATIC / "site.css", STATIC / "map.css"]
    scripts = [LEAFLET_FOLDER / "leaflet.js", *(STATIC / name for name in MAP_SCRIPTS), FIND]
    words = html.escape(msgspec.json.encode(WORDS).decode())
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<link rel="icon" href="data:,">',
            f"<title>{title}</title>",
            *(f"<style>{_text(path)}</style>" for path in styles),
            "</head><body>",
            f'<main class="wide"><h1>{title}</h1>',
            *_told(material),
            SEARCH,
            '<p class="notice" id="map-message" role="status" hidden></p>',
            '<div class="map-page"><div class="map-column" id="map-column">',
            f'<div id="map-frame" class="map-frame" data-colours="region" data-words="{words}">',
            shell.html,
            '<span class="map-cross" aria-hidden="true"></span>',
            '<p id="map-hover" class="map-hover" role="status" hidden></p>',
            '<p id="map-tip" class="map-tip" role="status" hidden></p></div>',
            '<p class="map-tools" id="map-tools" hidden><span class="hint" id="map-hint">',
            "Schools appear as dots when you zoom in.</span></p></div>",
            '<section id="answer" class="answer-panel" aria-label="Chosen catchment">',
            f'<p class="answer-empty">{html.escape(WORDS["empty"])}</p></section>',
            _list(material),
            f"</div></main>{CARD}",
            f'<script type="application/json" id="map-data">{_data(material, boundaries)}</script>',
            *(f"<script>{_text(path)}</script>" for path in scripts),
            f"<script>{shell.script}</script></body></html>\n",
        ]
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _told(material: ExportInput) -> list[str]:
    lines = [in_force(material)]
    if material.release:
        lines.append(f"Schools: directory release of {long_date(material.release.released)}.")
    told = [f"<p>{html.escape(' '.join(lines))}</p>"]
    if material.demonstration:
        text = html.escape(DO_NOT_USE)
        told.append(f'<p class="notice"><strong>Demonstration data.</strong> {text}</p>')
    sources = " · ".join(map(html.escape, credit_lines(material)))
    return [*told, f"<details><summary>Sources</summary><p>{sources}</p></details>"]


def _list(material: ExportInput) -> str:
    """Return every catchment with its provider and telephone number, as a list by region."""
    parts = ['<section class="finder-list"><h2>All catchments and providers</h2>']
    for region, held in material.by_region():
        name = html.escape(one_line(region) or WORDS["noRegion"])
        rows = "".join(_row(material, each) for each in held)
        parts.append(
            f'<details class="region"><summary><h3>{name}</h3></summary><ul>{rows}</ul></details>'
        )
    return "\n".join([*parts, "</section>"])


def _row(material: ExportInput, catchment: Catchment) -> str:
    provider = material.edition.provider_of(catchment)
    by = f"{provider.name} {provider.phone}" if provider else WORDS["noProvider"]
    code, name = html.escape(catchment.code), html.escape(one_line(catchment.name))
    return (
        f'<li><a class="choose" href="#map-frame" data-code="{code}">{name}</a>'
        f'<span class="by">{html.escape(one_line(by))}</span></li>'
    )


# --- the data -------------------------------------------------------------------------------------


def _data(material: ExportInput, boundaries: bytes) -> str:
    """Return the files that the map's layers name, as JSON in which no tag can end or begin."""
    answers = list((material.answers or {}).values())
    facts = [_fact(material, each, answers) for each in material.catchments]
    members = {
        "boundaries": msgspec.Raw(boundaries),
        "places": msgspec.Raw(places_json(material)),
        "catchments": {"catchments": facts},
        "schools": {"schools": [row for answer in answers if (row := school_row(answer))]},
    }
    text = msgspec.json.encode(members).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _fact(material: ExportInput, catchment: Catchment, answers: list[Answer]) -> dict[str, Any]:
    provider = material.edition.provider_of(catchment)
    return {
        "code": catchment.code,
        "name": catchment.name,
        "education_region": catchment.education_region,
        "provider": provider
        and {name: getattr(provider, name) for name in ("name", "phone", "email", "website")},
        "schools": sum(1 for a in answers if a.catchment and a.catchment.code == catchment.code),
    }

"""Maps of where boundaries do not tile: pictures that need no script, alone or within a page.

Names come from a file that was refused. So nothing here is a template, and no Folium: only numbers
and escaped text become markup.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

from shapely.geometry.base import BaseGeometry

from catchments.geometry.tiling.coverage import CoverageFault
from catchments.geometry.tiling.sketch import WIDTH, Area, Line, Sketch, View, sketched
from catchments.lookup.resolver import kilometres
from maps.wording import one_line

LONGEST_NAME = 40
MARK = 9
"""Pixels: the radius of a mark."""
_LINES = 'fill-rule="evenodd" stroke-linejoin="round" vector-effect="non-scaling-stroke"'
_OTHER = f'{_LINES} fill="#fbfaf6" stroke="#84969f" stroke-width="1"'
_CONCERNED = f'{_LINES} fill="#2a7f96" fill-opacity="0.35" stroke="#0d4a5c" stroke-width="1.5"'
_WRONG = f'{_LINES} fill="#b3261e" fill-opacity="0.75" stroke="#7a120c" stroke-width="2"'
_SEA = 'fill="#e3edf2"'
_MARKED = 'fill="#ffd24d" stroke="#14232e" stroke-width="2"'
_TEXT = 'font-size="12" text-anchor="middle" dominant-baseline="central" fill="#14232e"'
_NAME = f'{_TEXT} font-weight="600" paint-order="stroke" stroke="#fff" stroke-width="3"'
"""Attributes, not a style sheet: a picture looks the same alone and within a page of ours."""
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; }
body { color: #14232e; background: #fff; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 0.5rem; }
figure { margin: 0 0 1.5rem; }
figcaption { font-size: 0.9375rem; margin-top: 0.25rem; max-width: 34rem; }
svg { display: block; width: 100%; max-width: 34rem; height: auto; border: 1px solid #84969f; }
.close { display: grid; gap: 0 1.5rem; }
.close { grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
"""


def faults_map(
    boundaries: Mapping[str, BaseGeometry],
    names: Mapping[str, str],
    faults: Sequence[CoverageFault],
) -> bytes:
    """Return an HTML page with a picture and a list of faults; it stands alone and needs no script.

    Boundaries are WGS 84, longitude -180…180; `names` are theirs by code.
    """
    found = sketched(boundaries, names, faults)
    count = len(found.sentences)
    title = f"{count:,} {'place' if count == 1 else 'places'} where the boundaries do not tile"
    lines = [
        '<!DOCTYPE html>\n<html lang="en-NZ"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>",
        f"<figure>{view_svg(found.whole, f'A map with {title}, numbered')}</figure>",
        f"<ol>{''.join(f'<li>{html.escape(each)}</li>' for each in found.sentences)}</ol>",
        "<h2>From nearby</h2>",
        f'<div class="close">{"".join(_figures(found))}</div>',
        "</main></body></html>\n",
    ]
    return "\n".join(lines).encode()


def _figures(found: Sketch) -> Iterator[str]:
    for view in found.close:
        number = view.marks[0][0]
        said = html.escape(found.sentences[number - 1])
        yield (
            f"<figure>{view_svg(view, f'Fault {number} from nearby')}"
            f"<figcaption>{number}. {said} {html.escape(width_words(view))}</figcaption></figure>"
        )


def width_words(view: View) -> str:
    """Return how much of the world a picture shows, in words."""
    return f"The picture is {kilometres(view.metres)} wide."


def view_svg(view: View, label: str) -> str:
    """Return an `<svg>` element of a view; `label` says in words what it shows."""
    return "".join(
        [
            f'<svg class="faults" viewBox="0 0 {int(WIDTH)} {int(view.height)}" role="img"',
            f' aria-label="{html.escape(label)}">',
            f'<rect {_SEA} width="{int(WIDTH)}" height="{int(view.height)}"/>',
            '<g transform="scale(.5)">',
            *(_path(_OTHER, area.rims) for area in view.areas if not area.concerned),
            *(_path(_CONCERNED, area.rims) for area in view.areas if area.concerned),
            _path(_WRONG, view.wrong) if view.wrong else "",
            "</g>",
            *_names(view.areas),
            *(_mark(*mark) for mark in reversed(view.marks)),
            "</svg>",
        ]
    )


def _path(drawn: str, rims: Sequence[Line]) -> str:
    data = "".join(f"M{' '.join(str(int(n)) for n in rim)}z" for rim in rims)
    return f'<path {drawn} d="{data}"/>'


def _names(areas: Sequence[Area]) -> Iterator[str]:
    for area in areas:
        if area.label is not None:
            x, y = (int(n) for n in area.label)
            name = html.escape(one_line(area.name, LONGEST_NAME))
            yield f'<text {_NAME} x="{x}" y="{y}">{name}</text>'


def _mark(number: int, x: int, y: int) -> str:
    return (
        f'<circle {_MARKED} cx="{int(x)}" cy="{int(y)}" r="{MARK}"/>'
        f'<text {_TEXT} x="{int(x)}" y="{int(y)}">{int(number)}</text>'
    )

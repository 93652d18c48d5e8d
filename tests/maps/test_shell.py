from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import folium
import pytest
from jinja2.utils import htmlsafe_json_dumps

from catchments.web.pages.map import CELL_DEG
from maps.leaflet import LEAFLET_FILES, LEAFLET_VERSION, leaflet_file
from maps.screen.folium_map import CLOSEST_ZOOM, CREDITS, render_shell
from maps.screen.shell import MAP_NAME

ROOT = Path(__file__).parents[2]


def test_the_shell_is_the_same_every_time() -> None:
    assert render_shell() == render_shell()


def test_the_shell_is_the_same_in_another_process() -> None:
    program = "from maps.screen.folium_map import render_shell as r; print(r().html + r().script)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    shell = render_shell()
    assert shell.html + shell.script == told.stdout.removesuffix("\n")


def test_the_shell_names_no_other_server() -> None:
    shell = render_shell()
    # Those who are credited are linked; nothing is fetched from them.
    text = (shell.html + shell.script).replace(json.dumps(CREDITS, ensure_ascii=True), "")
    text = text.replace(htmlsafe_json_dumps(CREDITS), "")
    assert not re.search(r"//|https?:|cdn", text)


def test_the_fragment_has_no_inline_script_or_style() -> None:
    assert not re.search(r"<script|<style|<link|<meta|style=|\bon\w+=", render_shell().html)


def test_the_fragment_is_one_element_with_the_fixed_name() -> None:
    assert f'<div class="folium-map" id="{MAP_NAME}" ></div>\n' == render_shell().html


def test_the_script_opens_a_map_with_a_closest_zoom_and_tiles_of_nobody() -> None:
    script = render_shell().script
    assert f"window.{MAP_NAME} = L.map(" in script
    assert f'"maxZoom": {CLOSEST_ZOOM}' in script
    # Layers of tiles wait for an address that the page may have; none is on the map.
    tiles = re.findall(r'(\w+) = L\.tileLayer\(\s*"([^"]*)"', script)
    assert tiles == [("tile_layer_map", "about:blank"), ("tile_layer_aerial", "about:blank")]
    assert not re.search(r"tile_layer_\w+\.addTo", script)


def test_the_script_is_pieces_that_share_what_they_declare() -> None:
    script = render_shell().script
    assert script.startswith("L.catchments.inTurn([\nfunction () {\n")
    assert script.endswith("}\n]);\n")
    assert script.count("function () {") > 20
    assert not re.search(r"^\s*(?:var|let|const) (?!layer_control_layers\b)", script, re.MULTILINE)


def test_rendering_leaves_folium_itself_as_it_was() -> None:
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    render_shell()
    assert before == (list(folium.Map.default_js), list(folium.Map.default_css))
    assert before[0], "Folium's own list is not empty, so the comparison says something"


def test_leaflet_is_the_version_that_folium_pins() -> None:
    links = " ".join(url for _, url in folium.Map.default_js)
    assert f"leaflet@{LEAFLET_VERSION}" in links
    assert version("XStatic-Leaflet").startswith(LEAFLET_VERSION)


def test_the_map_asks_for_the_cells_that_are_served() -> None:
    assert set(re.findall(r'"cellDeg": (\d+)', render_shell().script)) == {str(CELL_DEG)}


def test_leaflets_files_are_in_the_wheel() -> None:
    paths = [leaflet_file(name) for name in LEAFLET_FILES]
    assert all(path is not None and path.is_file() for path in paths)


@pytest.mark.parametrize("name", ["../__init__.py", "leaflet-src.js", "", "/etc/passwd"])
def test_no_other_file_of_the_wheel_is_served(name: str) -> None:
    assert leaflet_file(name) is None


def test_serving_imports_neither_folium_nor_pandas() -> None:
    program = (
        "import sys, maps.leaflet, maps.artefacts;"
        "print([m for m in ('folium', 'pandas', 'branca') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"

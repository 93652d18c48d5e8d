"""Map tiles by one setting: what it takes, and what it refuses without showing a key."""

from __future__ import annotations

import pytest

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings

ADDRESS = "https://tiles.example:8443/topo/WebMercatorQuad/{z}/{x}/{y}.webp?api={key}"
GIVEN = {
    "CATCHMENTS_TILES": f"map={ADDRESS}",
    "CATCHMENTS_TILES_KEY": "c01SECRET",
    "CATCHMENTS_TILES_ATTRIBUTION": "© Example, CC BY 4.0 https://tiles.example/terms",
}
WMTS = "https://tiles.example/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIXSET={}&TILEMATRIX="
WMTS += "{{TileMatrix}}&TILEROW={{TileRow}}&TILECOL={{TileCol}}"


def refused(**changed: str) -> str:
    with pytest.raises(InputRefused) as found:
        Settings.from_environment({**GIVEN, **changed})
    return str(found.value)


def test_there_are_no_tiles_unless_a_setting_names_them() -> None:
    assert Settings.from_environment({}).tiles is None


def test_addresses_have_their_key_and_a_policy_has_their_hosts_once() -> None:
    both = f"map={ADDRESS} aerial={ADDRESS.replace('topo', 'aerial')}"
    tiles = Settings.from_environment({**GIVEN, "CATCHMENTS_TILES": both}).tiles
    assert tiles
    assert [each.name for each in tiles.backgrounds] == ["map", "aerial"]
    assert tiles.backgrounds[0].address.endswith("/{z}/{x}/{y}.webp?api=c01SECRET")
    assert tiles.origins == ("https://tiles.example:8443",)
    assert (tiles.attribution, tiles.attribution_link) == (
        "© Example, CC BY 4.0",
        "https://tiles.example/terms",
    )
    assert "SECRET" not in repr(tiles)


def test_a_map_may_begin_without_asking_anybody() -> None:
    begins = {**GIVEN, "CATCHMENTS_TILES": f"plain map={ADDRESS}"}
    tiles = Settings.from_environment(begins).tiles
    assert tiles
    assert tiles.begins_plain


@pytest.mark.parametrize("grid", ["WebMercatorQuad", "GoogleMapsCompatible", "EPSG%3A3857"])
def test_the_places_of_wmts_are_those_of_others(grid: str) -> None:
    given = {
        "CATCHMENTS_TILES": f"map={WMTS.format(grid)}",
        "CATCHMENTS_TILES_ATTRIBUTION": "Example",
    }
    tiles = Settings.from_environment(given).tiles
    assert tiles
    assert tiles.backgrounds[0].address.endswith("TILEMATRIX={z}&TILEROW={y}&TILECOL={x}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (ADDRESS.replace("WebMercatorQuad", "NZTM2000Quad"), "matrix set “NZTM2000Quad”"),
        (ADDRESS.replace("WebMercatorQuad", "2193"), "matrix set “2193”"),
        (WMTS.format("EPSG%3A2193"), "matrix set “EPSG:2193”"),
        ("https://tiles.example/WMTSCapabilities.xml?api={key}", "capabilities, not of its tiles"),
        (ADDRESS.replace("{z}/", ""), "has not {z}, {x} and {y} in it"),
        (ADDRESS.replace("{z}", "{z}{z}"), "each once"),
        (ADDRESS.replace("tiles.", "{s}.tiles."), "name one host"),
        (ADDRESS.replace("https:", "http:"), "begins with http://"),
        (ADDRESS.replace("https:", "javascript:"), "none that tiles have"),
        (ADDRESS.replace("https://", "https://user:pass@"), "none that tiles have"),
        (ADDRESS.replace("https://", "https://*."), "none that tiles have"),
        (ADDRESS.replace(".example", ".example;script-src"), "none that tiles have"),
        (ADDRESS + "{{7*191}}", "none that tiles have"),
        (ADDRESS + "${7*191}", "none that tiles have"),
        (ADDRESS + "</script>", "none that tiles have"),
        (ADDRESS + '"', "none that tiles have"),
        (ADDRESS + "'", "none that tiles have"),
        (ADDRESS + "`", "none that tiles have"),
        (ADDRESS + "a" * 500, "none that tiles have"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(address: str, said: str) -> None:
    told = refused(CATCHMENTS_TILES=f"map={address}")
    assert said in told
    assert "SECRET" not in told
    assert "pass@" not in told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"CATCHMENTS_TILES": "plain"}, "names no tiles"),
        ({"CATCHMENTS_TILES": f"map={ADDRESS} map={ADDRESS}"}, "one background twice"),
        ({"CATCHMENTS_TILES": f"{{{{7*191}}}}={ADDRESS}"}, "does not begin with map= or aerial="),
        ({"CATCHMENTS_TILES": ADDRESS}, "does not begin with map= or aerial="),
        ({"CATCHMENTS_TILES": ""}, "CATCHMENTS_TILES is not"),
        ({"CATCHMENTS_TILES_KEY": ""}, "is not set, and the address of map has {key}"),
        ({"CATCHMENTS_TILES_KEY": "{{7*191}}"}, "a character in it that no key has"),
        ({"CATCHMENTS_TILES": "map=https://a.example/{z}/{x}/{y}"}, "no address in CATCHMENTS_"),
        ({"CATCHMENTS_TILES_ATTRIBUTION": ""}, "whom to credit"),
        ({"CATCHMENTS_TILES_ATTRIBUTION": "x" * 301}, "whom to credit"),
        ({"CATCHMENTS_TILES_ATTRIBUTION": "A javascript://x"}, "must begin with https://"),
        ({"CATCHMENTS_TILES_CLOSEST": "23"}, "a zoom from 1 to 22"),
    ],
)
def test_what_else_is_wrong_is_said(changed: dict[str, str], said: str) -> None:
    assert said in refused(**changed)

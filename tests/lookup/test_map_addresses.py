"""Addresses of maps on the web that somebody pastes in place of a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import MatchKind, Place
from catchments.lookup.search.pasted.reading import read
from catchments.lookup.search.pasted.spots import Pasted
from catchments.lookup.search.typed_text import LONGEST_PASTED, TypedText

pytestmark = pytest.mark.every_case

HERE = Place(lng=173.2587, lat=-35.12132)
OF_GOOGLE = "https://www.google.com/maps"
PLACE_OF_GOOGLE = (
    f"{OF_GOOGLE}/place/Kaitaia+College/@-35.1301,173.2412,17z/data=!3m1!4b1!4m6!3m5"
    "!1s0x6d0b9f7f2c3f5a1b:0x500ef6143a2b3c4!8m2!3d-35.12132!4d173.2587!16s%2Fg%2F1tfp0y5k"
    "?entry=ttu&g_ep=EgoyMDI1MDEwMS4wIKXMDSoASAFQAw%3D%3D&authuser=0&hl=en"
)


def pasted(text: str) -> Pasted | None:
    return read(TypedText.of(text), place_of=lambda _: None)


def had(text: str) -> Pasted:
    found = pasted(text)
    assert found is not None
    return found


def codes(text: str) -> list[str]:
    return [str(notice.code) for notice in had(text).notices]


PINS = [
    PLACE_OF_GOOGLE,
    f"{OF_GOOGLE}/place/X/data=%213d-35.12132%214d173.2587",
    f"{OF_GOOGLE}?q=-35.12132,173.2587",
    f"{OF_GOOGLE}?q=loc:-35.12132+173.2587",
    f"{OF_GOOGLE}/search/?api=1&query=-35.12132%2C173.2587",
    f"{OF_GOOGLE}/search/-35.12132,+173.2587?entry=tts",
    f"{OF_GOOGLE}/place/35%C2%B007'16.8%22S+173%C2%B015'31.3%22E/@-35.2,173.1,17z/data=!3m1",
    "https://maps.google.co.nz/?q=-35.12132,173.2587",
    "http://maps.google.com/maps?q=-35.12132,173.2587&z=15",
    "google.co.nz/maps?q=-35.12132,173.2587",
    "https://www.openstreetmap.org/?mlat=-35.12132&mlon=173.2587#map=17/-35.2/173.1",
    "https://osm.org/?mlat=-35.12132&mlon=173.2587",
    "https://maps.apple.com/?ll=-35.12132,173.2587&q=Kaitaia%20College&t=m",
    "https://maps.apple.com/place?coordinate=-35.12132,173.2587&name=Kaitaia",
    "https://waze.com/ul?ll=-35.12132,173.2587&navigate=yes",
    "Kaitaia College: https://www.google.com/maps?q=-35.12132,173.2587",
    "<https://www.google.com/maps?q=-35.12132,173.2587>",
    "HTTPS://WWW.GOOGLE.COM/maps?q=-35.12132,173.2587",
]


@pytest.mark.parametrize("text", PINS)
def test_the_pin_of_a_map_is_the_place(text):
    named = had(text).named
    assert named
    assert named.match is MatchKind.EXACT
    assert abs(named.places[0].lat - HERE.lat) < 2e-5
    assert abs(named.places[0].lng - HERE.lng) < 2e-5
    assert codes(text) == []


VIEWS = [
    f"{OF_GOOGLE}/@-35.12132,173.2587,17z",
    f"{OF_GOOGLE}/@-35.12132,173.2587,3a,75y,90t/data=!3m6!1e1",
    "https://earth.google.com/web/@-35.12132,173.2587,12a,500d",
    f"{OF_GOOGLE}/d/viewer?mid=1abc&ll=-35.12132%2C173.2587&z=8",
    "https://www.openstreetmap.org/#map=17/-35.12132/173.2587",
    "https://www.openstreetmap.org/way/123#map=17/-35.12132/173.2587&layers=N",
    "https://www.openstreetmap.org/?lat=-35.12132&lon=173.2587&zoom=12",
    "https://maps.apple.com/?ll=-35.12132,173.2587&z=10",
    "https://www.bing.com/maps?cp=-35.12132~173.2587&lvl=15",
    "https://basemaps.linz.govt.nz/@-35.12132,173.2587,z16",
    "https://basemaps.linz.govt.nz/#@-35.12132,173.2587,z16",
    "https://www.topomap.co.nz/NZTopoMap?v=2&ll=-35.12132,173.2587&z=12",
]


@pytest.mark.parametrize("text", VIEWS)
def test_the_middle_of_a_view_is_asked_about_and_called_that(text):
    named = had(text).named
    assert named
    assert named.match is MatchKind.PART
    assert named.places == (HERE,)
    assert codes(text) == ["map-view"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (PLACE_OF_GOOGLE, "Kaitaia College"),
        (f"{OF_GOOGLE}/place/Kaitaia+College/@-35.12132,173.2587,17z", "Kaitaia College"),
        (f"{OF_GOOGLE}/place/Kaitaia+College,+53+Redan+Road/", "Kaitaia College, 53 Redan Road"),
        (f"{OF_GOOGLE}/search/Kait%C4%81ia+College", "Kaitāia College"),
        (f"{OF_GOOGLE}?q=Kaitaia+College", "Kaitaia College"),
        ("https://maps.google.com/?q=Kaitaia%20College", "Kaitaia College"),
        ("https://www.openstreetmap.org/search?query=Kaitaia%20College", "Kaitaia College"),
        ("https://maps.apple.com/?ll=-35.12132,173.2587&q=Kaitaia%20College", "Kaitaia College"),
        ("https://maps.apple.com/?address=53%20Redan%20Road", "53 Redan Road"),
        ("https://www.bing.com/maps?where1=Kaitaia%20College", "Kaitaia College"),
        ("geo:0,0?q=Kaitaia+College", "Kaitaia College"),
        ("Kaitaia College https://maps.app.goo.gl/AbC123", "Kaitaia College"),
        ("Kaitaia College: https://www.google.com/maps?q=-35.12132,173.2587", "Kaitaia College"),
        (f"{OF_GOOGLE}?q=-35.12132,173.2587", ""),
        (f"{OF_GOOGLE}/@-35.12132,173.2587,17z", ""),
    ],
)
def test_what_an_address_calls_the_place_is_to_be_looked_for(text, name):
    assert had(text).text == name


def test_a_name_is_no_longer_than_what_may_be_typed():
    assert len(had(f"{OF_GOOGLE}?q={'Kaitaia+' * 100}").text) == 200


@pytest.mark.parametrize("text", [f"{OF_GOOGLE}/place/X/@1.5,2.5,3z", f"{OF_GOOGLE}/search/X"])
def test_without_a_place_in_new_zealand_a_name_is_enough(text):
    found = had(text)
    assert (found.text, found.named, found.refusal) == ("X", None, "")


@pytest.mark.parametrize(
    "text",
    [
        *("https://maps.app.goo.gl/AbC123", "maps.app.goo.gl/AbC123", "https://goo.gl/maps/AbC123"),
        *("https://g.co/kgs/abc", "https://maps.apple.com/p/AbC", "https://maps.apple/p/AbC"),
        *("https://bit.ly/abc", "https://binged.it/abc", "https://share.google/AbC"),
    ],
)
def test_a_short_link_says_that_it_carries_nothing(text):
    assert had(text).refusal.startswith("A short link carries no place. Open it, and paste")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{OF_GOOGLE}/dir/Kaitaia/Awanui/@-35.1,173.2,13z", "shows a way, with several places"),
        ("https://www.openstreetmap.org/directions?route=-35.1,173.2;-35,173.2", "shows a way"),
        (f"{OF_GOOGLE}/place/X/data=!3d-35.1!4d173.2!3d-36.1!4d174.2", "marks several places"),
        (f"{OF_GOOGLE}/", "carries no coordinates"),
        ("https://www.openstreetmap.org/node/123", "carries no coordinates"),
        ("https://osm.org/?mlat=a&mlon=b", "carries no coordinates"),
        ("https://osm.org/?mlat=%27%20OR%201=1&mlon=2", "carries no coordinates"),
        ("geo:abc", "carries no coordinates"),
        (f"{OF_GOOGLE}?q=51.5074,-0.1278", "is not in New Zealand"),
        (f"{OF_GOOGLE}/@51.5074,-0.1278,12z", "is not in New Zealand"),
        (f"{OF_GOOGLE}/place/X/data=!3d-35.12132!4d173.2", "too rough"),
        ("///filled.count.soap", "known to what3words alone"),
        ("https://what3words.com/filled.count.soap", "known to what3words alone"),
        (f"{OF_GOOGLE}?q=PQ7G%2B8X", "is short: it needs its town"),
    ],
)
def test_an_address_of_a_map_without_a_place_says_what_to_do(text, said):
    found = had(text)
    assert found.named is None
    assert said in found.refusal


def test_coordinates_in_the_other_order_are_said_in_an_address_too():
    assert codes(f"{OF_GOOGLE}?q=173.2587,-35.12132") == ["swapped"]
    assert codes(f"{OF_GOOGLE}?q=35.12132,173.2587") == ["sign-missing"]


@pytest.mark.parametrize("text", ["https://plus.codes/4VCPPQ7G+8X", "plus.codes/4VCPPQ7G%2B8X"])
def test_an_address_of_a_plus_code_is_the_code(text):
    named = had(text).named
    assert named
    assert named.name == "Plus code 4VCPPQ7G+8X"


def test_a_plus_code_in_an_address_of_a_map_is_read_with_its_town():
    text = TypedText.of(f"{OF_GOOGLE}/place/PQ7G%2B8X+Wellington/@-41.2,174.7,17z")
    found = read(
        text, place_of=lambda name: Place(174.78, -41.29) if name == "Wellington" else None
    )
    assert found
    assert found.named
    assert found.named.name == "Plus code 4VCPPQ7G+8X"


@pytest.mark.parametrize(
    "text",
    [
        *("https://www.kaitaiacollege.school.nz/", "https://maps.example.nz/@-35.12,173.25,17z"),
        *("https://www.google.com/search?q=kaitaia", "https://google.com.evil.nz/maps?q=-35,173"),
        *("https://evil.nz/?u=https://www.google.com", "http://[1", "https://", "a/b", "and/or"),
        *("12/14 High Street", "javascript:alert(1)", "https://user@evil.nz/maps", "//google.com"),
        *("https://www.google.evil/maps?q=-35,173", "maps.", "www."),
        *("https://openstreetmap.org.x/",),
    ],
)
def test_no_other_address_is_taken_for_a_map(text):
    assert pasted(text) is None


# --- short links of OpenStreetMap -----------------------------------------------------------------

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"


def short_link(place: Place, letters: int) -> str:
    """As OpenStreetMap's own website makes them: 32 bits of each, longitude's first, in turn."""
    x, y = int((place.lng + 180) * 2**32 / 360), int((place.lat + 90) * 2**32 / 180)
    bits = "".join(f"{x >> n & 1}{y >> n & 1}" for n in range(31, -1, -1))
    return "".join(LETTERS[int(bits[6 * at : 6 * at + 6], 2)] for at in range(letters))


def test_a_known_short_link_is_the_place_that_openstreetmap_has_it_for():
    # The example of its own tests: longitude 0.054932, latitude 51.510998, zoom 9.
    assert "51.51" in had("https://osm.org/go/0EEQjE--").refusal


@given(lng=st.floats(166, 175.5), lat=st.floats(-47, -34), letters=st.integers(6, 10))
def test_a_short_link_of_openstreetmap_is_read_back(lng, lat, letters):
    code = short_link(Place(lng=lng, lat=lat), letters)
    found = had(f"https://osm.org/go/{code}--?m=")
    assert found.named
    assert found.named.match is MatchKind.EXACT
    assert found.named.uncertainty_m < 900
    assert abs(found.named.places[0].lat - lat) * 111_000 <= found.named.uncertainty_m
    assert abs(found.named.places[0].lng - lng) * 93_000 <= found.named.uncertainty_m


def test_a_short_link_without_a_mark_is_a_view_and_one_of_few_letters_is_too_rough():
    code = short_link(HERE, 9)
    assert codes(f"osm.org/go/{code}") == ["map-view"]
    assert codes(f"https://www.openstreetmap.org/go/{code}-?layers=N") == ["map-view"]
    assert "too rough" in had(f"https://osm.org/go/{code[:4]}--?m=").refusal
    assert "no coordinates" in had("https://osm.org/go/!!!").refusal


# --- cut, long and hostile ------------------------------------------------------------------------

ALL = [*PINS, *VIEWS, "https://osm.org/go/uw1aaaaaa-?m="]


@pytest.mark.parametrize("text", PINS)
def test_an_address_that_was_cut_anywhere_is_never_another_place(text):
    for at in range(len(text)):
        found = pasted(text[:at])
        if found and found.named and found.named.match is MatchKind.EXACT:
            near_m = 1.5 * found.named.uncertainty_m
            assert abs(found.named.places[0].lat - HERE.lat) * 111_320 < near_m, text[:at]
            assert abs(found.named.places[0].lng - HERE.lng) * 111_320 < near_m, text[:at]


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize(
    "make",
    [
        lambda t: t * 2,
        lambda t: f"{t} {t}",
        lambda t: t[::-1],
        lambda t: t * 100,
        lambda t: t + "a" * 10_000,
        lambda t: t + "/" * 10_000,
        lambda t: t + "&q=1" * 2_500,
        lambda t: " " * 10_000 + t,
        lambda t: t.replace("=", "=%00"),
        lambda t: t.upper(),
    ],
)
def test_an_address_in_any_state_is_read_politely(text, make):
    found = pasted(make(text))
    if found is not None:
        assert found.named or found.refusal or found.text
        assert not (found.named and found.refusal)


def test_the_pin_is_read_where_it_stands_behind_what_may_be_typed():
    text = PLACE_OF_GOOGLE.replace("!1s", "!1s" + "0" * 400)
    assert text.index("!3d") > 500
    found = had(text).named
    assert found
    assert found.match is MatchKind.EXACT
    assert len(TypedText.of(text).text) == 200


def test_no_more_of_an_address_is_looked_at_than_any_map_writes():
    text = f"{OF_GOOGLE}/place/X/data=!1s{'0' * LONGEST_PASTED}!3d-35.12132!4d173.2587"
    assert had(text).named is None

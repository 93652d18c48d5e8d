"""Coordinates, grid metres and plus codes that somebody pastes in place of a name."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluscodes import openlocationcode

from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind
from catchments.geometry.coordinates import NZTM2000, WGS84, in_new_zealand, to_360, transformer
from catchments.lookup.search.pasted.reading import read
from catchments.lookup.search.pasted.spots import Pasted
from catchments.lookup.search.typed_text import LONGEST_PASTED, TypedText
from tests.worlds import HOSTILE

pytestmark = pytest.mark.every_case

WELLINGTON = Place(lng=174.7762, lat=-41.2866)
TOWNS = {"wellington": WELLINGTON, "te one": Place(lng=-176.5, lat=-44.0)}
HERE = Place(lng=174.77557, lat=-41.28664)
REKOHU = Place(lng=-176.55123, lat=-43.95117)


def town(name: str) -> Place | None:
    return TOWNS.get(name.casefold())


def pasted(text: str) -> Pasted | None:
    return read(TypedText.of(text), place_of=town)


def had(text: str) -> Pasted:
    found = pasted(text)
    assert found is not None
    return found


def place(text: str) -> NamedPlace:
    found = had(text)
    assert found.named
    assert not found.refusal
    assert found.named.kind is PlaceKind.POINT
    assert len(found.named.places) == 1
    return found.named


def codes(text: str) -> list[str]:
    return [str(notice.code) for notice in had(text).notices]


def apart_m(one: Place, other: Place) -> float:
    """Metres between two near places, no fewer than there are."""
    return 111_400 * math.hypot(one.lat - other.lat, to_360(one.lng) - to_360(other.lng))


# --- decimal degrees, and minutes and seconds -----------------------------------------------------

DECIMAL = [
    *("-41.28664, 174.77557", "-41.28664,174.77557", "-41.28664 174.77557", "-41.28664;174.77557"),
    *("(-41.28664, 174.77557)", "[-41.28664, 174.77557]", "-41.28664 / 174.77557"),
    *("−41.28664, 174.77557", "–41.28664, 174.77557", "-41.28664, +174.77557"),
    *("lat: -41.28664 lng: 174.77557", "Latitude -41.28664, Longitude 174.77557"),
    *("lat=-41.28664&lon=174.77557", '{"lat": -41.28664, "lng": 174.77557}'),
    *("41.28664 S, 174.77557 E", "41.28664° S, 174.77557° E", "41.28664°S 174.77557°E"),
    *("S41.28664 E174.77557", "S 41.28664° E 174.77557°", "41.28664s 174.77557e"),
    *("Coordinates: -41.28664, 174.77557", "GPS -41.28664 174.77557", "-41,28664; 174,77557"),
    *("41.28664S174.77557E", "41.28664°S174.77557°E"),
    *("41.28664 south, 174.77557 east", "-41.28664° S, 174.77557° E"),
    *("174.77557° E, 41.28664° S", "E174.77557 S41.28664", "lng 174.77557, lat -41.28664"),
    *("geo:-41.28664,174.77557", "geo:-41.28664,174.77557,12;crs=wgs84;u=35"),
    *("geo:0,0?q=-41.28664,174.77557(School)", "GEO:-41.28664,174.77557?z=12"),
    *("\u202d-41.28664, 174.77557\u202c", "  -41.28664 ,\n174.77557. ", "－４１.28664，174.77557"),
]
SEXAGESIMAL = [
    *("""41°17'11.9"S 174°46'32.1"E""", "41°17′11.9″S, 174°46′32.1″E"),
    *("41º17'11.9''S 174º46'32.1''E",),
    *("41 17 11.9 S 174 46 32.1 E", "S41 17 11.9 E174 46 32.1", "41° 17.198' S 174° 46.535' E"),
    *("S 41° 17.198 E 174° 46.535", "-41 17 11.9, 174 46 32.1", "-41°17'11.9\" 174°46'32.1\""),
    *("""174°46'32.1"E 41°17'11.9"S""", "41°17’11.9”S 174°46’32.1”E"),
    *("41˚17´11.9´´S 174˚46´32.1´´E",),
    "41 deg 17 min 11.9 sec south, 174 deg 46 min 32.1 sec east",
    "lat: 41 degrees 17 minutes 11.9 seconds S, long: 174 degrees 46 minutes 32.1 seconds E",
]


@pytest.mark.parametrize("text", [*DECIMAL, *SEXAGESIMAL])
def test_latitude_and_longitude_are_read_as_people_write_them(text):
    named = place(text)
    assert named.match is MatchKind.EXACT
    assert had(text).notices == ()
    assert apart_m(named.places[0], HERE) < 4
    assert named.uncertainty_m == 100.0


def test_a_point_is_called_by_its_degrees_and_no_finer_than_it_was_given():
    assert place("-41.28664, 174.77557").name == "41.28664° S, 174.77557° E"
    assert place("-41.287 174.776").name == "41.287° S, 174.776° E"
    assert place("-43.95117, 183.44877").name == "43.95117° S, 176.55123° W"


@pytest.mark.parametrize(
    "text",
    [
        *("174.77557, -41.28664", "174.77557 -41.28664", "[174.77557, -41.28664]"),
        *("POINT (174.77557 -41.28664)", "174,77557 -41,28664"),
        *("lat 174.77557, lng -41.28664", "-176.55123, -43.95117", "183.44877, -43.95117"),
    ],
)
def test_the_other_order_is_understood_and_said(text):
    assert place(text).match is MatchKind.EXACT
    assert codes(text) == ["swapped"]
    assert place(text).places[0] in (HERE, Place(lng=pytest.approx(-176.55123), lat=-43.95117))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("41.28664, 174.77557", ["sign-missing"]),
        ("lat 41.28664, lng 174.77557", ["sign-missing"]),
        ("41.28664° 174.77557°", ["sign-missing"]),
        ("174.77557, 41.28664", ["swapped", "sign-missing"]),
    ],
)
def test_a_latitude_without_its_sign_is_asked_about(text, said):
    assert place(text).match is MatchKind.SLIP
    assert place(text).places == (HERE,)
    assert codes(text) == said


@pytest.mark.parametrize("text", ["-43.95117, -176.55123", "43.95117 S 176.55123 W"])
def test_the_chatham_islands_lie_west_of_180(text):
    assert place(text).match is MatchKind.EXACT
    assert place(text).places == (REKOHU,)


@pytest.mark.parametrize("text", ["-43.95117, 176.55123", "43.95117 S, 176.55123 E"])
def test_a_longitude_of_the_chathams_without_its_sign_is_in_the_sea_and_asked_about(text):
    assert place(text).match is MatchKind.SLIP
    assert place(text).places == (REKOHU,)
    assert codes(text) == ["sign-missing"]


@pytest.mark.parametrize(
    "text",
    [
        *("51.5074, -0.1278", "-33.8688, 151.2093", "41.28664 N, 174.77557 E", "-36.85, -174.76"),
        *("""51°30'26"N 0°7'39"W""", "lat 0, lng 0", "geo:0,0", "geo:51.5,-0.1"),
        *("-190.123, -41.123",),
        *("-41.28664, 999.12345", "lat -91, lng 174"),
    ],
)
def test_a_place_elsewhere_is_refused_and_says_where_new_zealand_is(text):
    found = pasted(text)
    if text == "-36.85, -174.76":  # two decimals: it may be anything
        assert found is None
        return
    assert had(text).named is None
    assert "not in New Zealand" in had(text).refusal


@pytest.mark.parametrize(
    "text",
    [
        "-41, 175",
        "-41 175",
        "-41.3, 174.8",
        "-41.28664, 174.7",
        "36.5 174.5",
        "S 41 E 174",
        "geo:-41,175",
    ],
)
def test_rough_coordinates_are_refused(text):
    assert had(text).named is None
    assert "too rough" in had(text).refusal


def test_fewer_decimals_are_a_greater_uncertainty():
    assert place("-41.28, 174.77").uncertainty_m == pytest.approx(556.6)
    assert place("""41°17'S 174°46'E""").uncertainty_m == pytest.approx(927.7, abs=0.1)
    assert place("-41.2866, 174.775").uncertainty_m == pytest.approx(111.3, abs=0.1)


@pytest.mark.parametrize(
    "text",
    [
        """41°77'11.9"S 174°46'32.1"E""",
        """41°17'11.9"S 174°46'E""",
        """41.5°17'S 174°46'E""",
        "41.28664 S, 174.77557 S",
        "-41.28664 N, 174.77557 E",
        "-41.28664, 174.77557, 12.12345",
        "41.28664 S, 174.77557",
    ],
)
def test_what_looks_like_coordinates_but_cannot_be_read_is_said(text):
    assert "not all of it can be read" in had(text).refusal


NO_COORDINATES = [
    *("12 High Street", "54", "54 55", "1 2", "12a", "0410", "1010", "No. 54", "54.0", "12-14"),
    *("2/12",),
    *("09 408 0190", "+64 9 408 0190", "(09) 408-0190", "0800 65 99 88", "021 123 4567", "36 174"),
    *("30-175", "12.5 13.5", "1.5", "2026-01-05", "05/01/2026", "10:30", "41 175", "54, 55"),
    *("41 S", "E"),
    *("Kaitaia College", "St Joseph's School", "S", "12 S", "lat", "", " ", "°", "-"),
    *("54 55 56 57",),
    *("Lot 2, 14 Main North Road", "Point 54", "GPS", "Coordinates", "1,2 3,4", "12,50 13,50"),
    *("SH 1", "12 North Road", "W 12", "1 N 2 E", "W 12 E 13"),
    *("10 10 10",),
    *("1572933", "6106932 12", "1234567 1234568", "123456 1234567", "12 345 678 9 012 345", "C++"),
    *("a+b", "2345 + 67", "55+5", "https://www.school.nz/", "www.school.nz/about", "http://[1"),
    *("AND/OR",),
    *(HOSTILE, "' OR 1=1 --", "\0", "{{7*191}}", "١٢.٥٥٥ ١٧٤.٥٥٥"),
]


@pytest.mark.parametrize("text", NO_COORDINATES)
def test_nothing_else_is_taken_for_coordinates(text):
    assert pasted(text) is None


# --- metres ---------------------------------------------------------------------------------------

METRES = [
    *("1748735 5427916", "5427916 1748735", "1748735, 5427916", "E1748735 N5427916"),
    *("1748735E 5427916N",),
    *("E 1748735 N 5427916", "1 748 735 5 427 916", "1,748,735 5,427,916", "1748735mE 5427916mN"),
    *("1748735 m E, 5427916 m N", "Easting: 1748735 Northing: 5427916", "NZTM 1748735 5427916"),
    *("NZTM2000: 1748735.4, 5427916.2", "N 5427916 E 1748735", "(1748735, 5427916)"),
    *("x=1748735 y=5427916",),
]


@pytest.mark.parametrize("text", METRES)
def test_eastings_and_northings_are_read_in_either_order(text):
    named = place(text)
    assert named.match is MatchKind.EXACT
    assert apart_m(named.places[0], Place(lng=174.776194, lat=-41.286504)) < 2


def test_metres_are_called_what_they_are():
    assert place("1748735 5427916").name == "1,748,735 m E, 5,427,916 m N (NZTM2000)"


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        *(("2659000 5990000", False), ("2100000 5500000", False), ("2510000 6023150", False)),
        *(("2036000 5706000", True), ("2080000 5820000", True), ("NZTM 2659000 5990000", True)),
        *(("2441000 5128000", True), ("1089000 4800000", True)),
    ],
)
def test_metres_of_the_older_grid_are_never_read_as_of_this_one(text, is_read):
    found = had(text)
    assert bool(found.named) is is_read
    assert bool(found.refusal) is not is_read


@pytest.mark.parametrize(
    "text", ["NZTM 1234567 1234567", "E 1234567 N 1234567", "NZTM 2890000 4000100"]
)
def test_metres_elsewhere_are_refused(text):
    assert "outside New Zealand" in had(text).refusal


# --- plus codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("4VCPPQ7G+8X", "4vcppq7g+8x", "4VCPPQ7G+8X Wellington", "PQ7G+8X Wellington"),
        *("Wellington PQ7G+8X",),
        *("PQ7G+8X, Wellington", "PQ7G+8X, Wellington, New Zealand", "pq7g+8x wellington nz"),
        *("4VCPPQ7G+8X, New Zealand", "CPPQ7G+8X Wellington"),
    ],
)
def test_a_plus_code_is_a_square_and_a_short_one_is_near_its_town(text):
    named = place(text)
    assert named.match is MatchKind.EXACT
    assert named.name == "Plus code 4VCPPQ7G+8X"
    assert apart_m(named.places[0], Place(lng=174.777438, lat=-41.286688)) < 1
    assert named.uncertainty_m == 100.0


def test_a_larger_square_is_less_certain():
    assert place("4VCPPQ7G+").uncertainty_m == pytest.approx(196.8, abs=0.1)
    assert "many kilometres" in had("4VCPPQ00+").refusal
    assert "many kilometres" in had("4VCP0000+").refusal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PQ7G+8X", "The plus code PQ7G+8X is short: it needs its town. Give the town"),
        ("PQ7G+8X New Zealand", "The plus code PQ7G+8X is short: it needs its town. Give the town"),
        ("PQ7G+8X Nowhere", "it needs its town, and “Nowhere” is not one that is known here."),
        ("849VCWC8+R9", "The plus code 849VCWC8+R9 is not in New Zealand."),
    ],
)
def test_a_plus_code_without_a_place_says_what_it_lacks(text, said):
    assert said in had(text).refusal


@pytest.mark.parametrize("text", ["4VCPPQ7G+8X Nowhere", "4VCPPQ7G+8X 12 High Street"])
def test_what_stands_beside_a_whole_code_and_is_no_town_has_it_asked_about(text):
    assert place(text).match is MatchKind.PART


def test_a_short_code_between_two_squares_is_asked_about():
    # Half a degree from the town: the square a degree away would be as near.
    found = place(f"{openlocationcode.encode(-41.75, 174.7762)[4:]} Wellington")
    assert found.match is MatchKind.PART


def test_a_short_code_is_found_across_180():
    code = openlocationcode.encode(-43.95117, -176.55123)
    assert place(f"{code[4:]} Te One").name == f"Plus code {code}"


# --- laws -----------------------------------------------------------------------------------------


def mainland() -> st.SearchStrategy[Place]:
    return st.builds(Place, lng=st.floats(166.3, 178.7), lat=st.floats(-47.4, -34.3))


def chathams() -> st.SearchStrategy[Place]:
    return st.builds(Place, lng=st.floats(-177.0, -175.9), lat=st.floats(-44.5, -43.6))


def points() -> st.SearchStrategy[Place]:
    apart = mainland().filter(lambda p: not (p.lng > 175.5 and -44.9 < p.lat < -43.1))
    return apart | chathams()


def parts(value: float, digits: int) -> tuple[int, int, str]:
    """Degrees, minutes and seconds of a size, rounded in the last of them only."""
    scaled = round(abs(value) * 3600 * 10**digits)
    whole, seconds = divmod(scaled, 60 * 10**digits)
    degrees, minutes = divmod(whole, 60)
    return degrees, minutes, f"{seconds / 10**digits:.{digits}f}"


def side(lat: float, lng: float) -> tuple[str, str]:
    return "S" if lat < 0 else "N", "W" if lng < 0 else "E"


def sexagesimal(p: Place, pattern: str) -> str:
    values = zip((p.lat, p.lng), side(p.lat, p.lng), strict=True)
    return " ".join(pattern.format(*parts(value, 1), letter) for value, letter in values)


def metres(p: Place) -> str:
    east, north = transformer(WGS84, NZTM2000).transform(p.lng, p.lat)
    return f"NZTM {east:.0f} {north:.0f}"


FORMS: dict[str, Callable[[Place], str]] = {
    "decimal": lambda p: f"{p.lat:.5f}, {p.lng:.5f}",
    "decimal, 0 to 360": lambda p: f"{p.lat:.5f}, {to_360(p.lng):.5f}",
    "other order": lambda p: f"{p.lng:.5f} {p.lat:.5f}",
    "letters": lambda p: "{1:.5f} {0[0]} {2:.5f} {0[1]}".format(
        side(p.lat, p.lng), abs(p.lat), abs(p.lng)
    ),
    "letters first": lambda p: "{0[0]}{1:.5f} {0[1]}{2:.5f}".format(
        side(p.lat, p.lng), abs(p.lat), abs(p.lng)
    ),
    "labels": lambda p: f"lat: {p.lat:.5f}, lng: {p.lng:.5f}",
    "marks": lambda p: sexagesimal(p, "{}°{}'{}\"{}"),
    "blanks": lambda p: sexagesimal(p, "{} {} {} {}"),
    "geo": lambda p: f"geo:{p.lat:.5f},{p.lng:.5f}",
    "metres": metres,
    "plus code": lambda p: openlocationcode.encode(p.lat, p.lng),
    "pin of Google": lambda p: (
        f"https://www.google.com/maps/place/X/data=!8m2!3d{p.lat:.5f}!4d{p.lng:.5f}!16s"
    ),
    "query": lambda p: f"https://maps.google.com/?q={p.lat:.5f},{p.lng:.5f}",
    "pin of OpenStreetMap": lambda p: (
        f"https://www.openstreetmap.org/?mlat={p.lat:.5f}&mlon={p.lng:.5f}"
    ),
}
EACH_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
FINE_M = 12.0
"""Half the diagonal of a plus code's square, and more than any other form rounds by."""


@EACH_FORM
@given(where=points())
def test_a_point_that_is_written_is_read_back(form, where):
    text = form(where)
    if form is FORMS["metres"] and "older" in had(text).refusal:
        return
    named = place(text)
    assert named.match is MatchKind.EXACT
    assert apart_m(named.places[0], where) < FINE_M
    assert -180 <= named.places[0].lng <= 180


@EACH_FORM
@given(where=points(), at=st.integers(0, 120))
def test_a_form_that_is_cut_short_is_never_another_place(form, where, at):
    found = pasted(form(where)[:at])
    if found is None or found.named is None or found.named.match is not MatchKind.EXACT:
        return
    assert apart_m(found.named.places[0], where) <= 1.5 * found.named.uncertainty_m


@given(lat=st.floats(-90, 90), lng=st.floats(-180, 180))
def test_no_point_that_is_answered_lies_elsewhere(lat, lng):
    for form in (FORMS["decimal"], FORMS["letters"], FORMS["geo"], FORMS["plus code"]):
        found = pasted(form(Place(lng=lng, lat=lat)))
        if found and found.named and found.named.match is MatchKind.EXACT:
            assert in_new_zealand(lng=lng, lat=lat)
            assert apart_m(found.named.places[0], Place(lng=lng, lat=lat)) < FINE_M


@given(text=st.text(max_size=300))
def test_any_text_is_read_politely(text):
    is_polite(pasted(text))


@given(text=st.text("0123456789 .,-+°'\"SEW/:@!?=&#geolatmpshtdq23", max_size=120))
def test_any_text_of_their_characters_is_read_politely(text):
    is_polite(pasted(text))


def is_polite(found: Pasted | None) -> None:
    if found is None:
        return
    assert found.named or found.refusal or found.text
    assert not (found.named and found.refusal)
    if found.named:
        at = found.named.places[0]
        assert in_new_zealand(lng=at.lng, lat=at.lat)


@EACH_FORM
@pytest.mark.parametrize(
    "make", [lambda t: t * 2, lambda t: t[::-1], lambda t: t * 200, lambda t: f"{t} {t}"]
)
def test_a_form_doubled_reversed_or_endless_is_read_politely(form, make):
    text = make(form(HERE))
    found = pasted(text)
    is_polite(found)
    if found and found.named and found.named.match is MatchKind.EXACT:
        assert apart_m(found.named.places[0], HERE) < FINE_M


# --- work -----------------------------------------------------------------------------------------

UNITS = [
    *("1", "-1.5,", "1 ", "°", "'", '"', "12'", "lat ", "S", "S1 ", "( ", "-", "1°2'3\"S "),
    *("41.28664 ",),
    *("+", "22+", "2222+22 ", "22222222+", "1 234 567 ", "E1234567 ", "1234567", "a", "\u0301"),
    *("ā", "\0"),
    *("https://", "https://www.google.com/maps/", "geo:", "geo:1,1 ", "!3d1!4d1", "@1,1", "a.b/"),
    *("a.", "/"),
    *("a=b&", "%41", "maps.google.com/?q=1,1&", "maps.google.com/a ", "www.", "bit.ly/"),
    *("#map=1/1/1&",),
]
TIMES, WORK, HARMLESS_S = 16, 40, 0.0005


def work_s(text: str) -> float:
    started = time.thread_time()
    is_polite(pasted(text))
    return time.thread_time() - started


STARTS = (
    *("", "https://www.google.com/maps/place/", "https://www.google.com/maps?q="),
    *("https://www.openstreetmap.org/#map=", "geo:", "https://osm.org/go/"),
)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("unit", UNITS)
def test_sixteen_times_as_much_is_less_than_forty_times_the_work(start, unit):
    size = LONGEST_PASTED // TIMES
    small, large = (start + unit * n for n in (size, TIMES * size))
    pairs = ((work_s(small), work_s(large)) for _ in range(6))
    assert any(many < WORK * max(few, HARMLESS_S) for few, many in pairs)

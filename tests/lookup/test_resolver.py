"""Listed, then located, then nearest; and a sentence a person understands with every answer."""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from catchments.core.errors import NotKnown
from catchments.core.model import (
    Basis,
    Catchment,
    DirectoryRelease,
    Edition,
    FormerName,
    NamedPlace,
    Notice,
    Place,
    PlaceKind,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
    Status,
)
from catchments.editions.impact.answering import NEAR_DEGREES
from catchments.editions.issues import NEAR_DEG
from catchments.geometry.boundary_distances import METRES_PER_DEGREE
from catchments.geometry.coordinates import NEW_ZEALAND_LAT
from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.resolver import (
    ASK,
    NEAREST_WITHIN_M,
    Resolver,
    is_closed,
    kilometres,
    renamed,
)
from tests.laws import examples

DAY = date(2026, 7, 1)
RELEASED = date(2026, 6, 1)
METRE_NORTH = 1 / 110_960
"""Degrees of latitude in a metre at 36° south."""
METRE_EAST = 1 / 90_160

CATCHMENTS = {
    "A": Catchment("A", "Aotea", "Tai Tokerau", "P1"),
    "B": Catchment("B", "Bluff", "Tai Tokerau", "P2"),
    "C": Catchment("C", "Clevedon", "Waikato", "P1"),
    "D": Catchment("D", "Dargaville", "Waikato", "P2"),
    "E": Catchment("E", "Eketāhuna", "Wellington", None),
    "F": Catchment("F", "Foxton", "Wellington", "gone"),
}
BOUNDARIES = {
    "A": box(174.0, -36.1, 174.1, -36.0),
    "B": box(174.1, -36.1, 174.2, -36.0),
    "C": box(175.0, -36.1, 175.1, -36.0),
    "D": box(175.05, -36.1, 175.15, -36.0),
    "E": box(176.0, -36.1, 176.1, -36.0),
    "F": box(177.0, -36.1, 177.1, -36.0),
}
PROVIDERS = {"P1": Provider("P1", "Pou Tahi"), "P2": Provider("P2", "Rua & Sons", "0800 000 000")}
INDEX = SpatialIndex(BOUNDARIES)
EDITION = Edition(CATCHMENTS, BOUNDARIES, PROVIDERS)
SOURCE = Source(SourceKind.DIRECTORY, "Directory", "Ministry", "CC BY 4.0", "2026-06-01", "0" * 64)

IN_A, IN_B, IN_C_AND_D = Place(174.05, -36.05), Place(174.15, -36.05), Place(175.07, -36.05)
IN_E, IN_F, FAR_AWAY = Place(176.05, -36.05), Place(177.05, -36.05), Place(170.0, -45.0)
ON_EDGE_OF_A_AND_B = Place(174.1, -36.05)


def place_east_of_a_b_edge(metres):
    return Place(174.1 + metres * METRE_EAST, -36.05)


def place_north_of_a(metres):
    return Place(174.05, -36.0 + metres * METRE_NORTH)


def resolver(*schools, former=(), released=RELEASED, **edition):
    release = DirectoryRelease(
        {s.school_id: s for s in schools}, released, SOURCE, {s.school_id: s for s in former}
    )
    return Resolver(replace(EDITION, **edition), release, INDEX)


def answer(place=IN_A, *, on=DAY, name="Kura", **edition):
    return resolver(School(54, name, place=place), **edition).school(54, on=on)


def codes(notices):
    return [notice.code for notice in notices]


# --- listed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [IN_A, IN_B, IN_C_AND_D, ON_EDGE_OF_A_AND_B, FAR_AWAY, None],
    ids=["there", "elsewhere", "in an overlap", "on an edge", "far away", "nowhere"],
)
def test_the_published_list_wins_over_every_place(place):
    found = answer(place, listings={54: "A"})
    assert (found.status, found.basis) == (Status.RESOLVED, Basis.LISTED)
    assert (found.catchment, found.provider) == (CATCHMENTS["A"], PROVIDERS["P1"])
    assert found.place == place
    assert found.notices == ()
    assert found.distance_m is None
    assert found.sentence == (
        "Kura is on the published list of schools in the Aotea catchment, "
        "which is served by Pou Tahi."
    )


def test_another_schools_listing_says_nothing():
    assert answer(IN_A, listings={55: "B"}).basis is Basis.LOCATED


def test_a_school_on_record_as_unserved_is_unresolved_wherever_it_is():
    found = answer(IN_A, unserved=frozenset({54}))
    assert (found.status, found.basis, found.catchment) == (Status.UNRESOLVED, None, None)
    assert codes(found.notices) == ["unserved"]
    assert found.sentence == f"Kura is on record as belonging to no catchment. {ASK}"


# --- located --------------------------------------------------------------------------------------


def test_a_place_inside_a_boundary_is_located_there():
    found = answer(IN_A)
    assert (found.status, found.basis) == (Status.RESOLVED, Basis.LOCATED)
    assert (found.catchment, found.provider) == (CATCHMENTS["A"], PROVIDERS["P1"])
    assert found.notices == ()
    assert found.sentence == "Kura lies inside the Aotea catchment, which is served by Pou Tahi."


def test_an_edge_goes_to_the_smaller_code_and_names_both_providers():
    found = answer(ON_EDGE_OF_A_AND_B)
    assert (found.status, found.basis, found.catchment.code) == ("resolved", "located", "A")
    (notice,) = found.notices
    assert notice.code == "on-boundary"
    assert notice.text == (
        "This place is exactly on the boundary between Aotea (Pou Tahi) and Bluff (Rua & Sons)."
    )


@pytest.mark.parametrize(
    ("metres", "catchment", "notices"),
    [
        (-101, "A", []),
        (-99, "A", ["near-boundary"]),
        (-1e-6, "A", ["near-boundary"]),
        (0, "A", ["on-boundary"]),
        (1e-6, "B", ["near-boundary"]),
        (99, "B", ["near-boundary"]),
        (101, "B", []),
    ],
)
def test_within_a_hundred_metres_of_a_boundary_both_are_named(metres, catchment, notices):
    found = answer(place_east_of_a_b_edge(metres))
    assert (found.status, found.catchment.code) == (Status.RESOLVED, catchment)
    assert codes(found.notices) == notices


@pytest.mark.parametrize(
    ("metres", "named"),
    [
        (-50, "Aotea (Pou Tahi) and Bluff (Rua & Sons)"),
        (50, "Bluff (Rua & Sons) and Aotea (Pou Tahi)"),
    ],
)
def test_near_a_boundary_the_catchment_that_answers_is_named_first(metres, named):
    (notice,) = answer(place_east_of_a_b_edge(metres)).notices
    assert notice.text == f"This place is within 100 m of the boundary between {named}."


def test_near_the_outside_nobody_else_is_named():
    assert answer(place_north_of_a(-5)).notices == ()


# --- nearest --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metres", "said"), [(4, "4 m"), (340, "340 m"), (1_200, "1.2 km"), (4_940, "4.9 km")]
)
def test_outside_every_boundary_the_nearest_answers_and_says_how_far(metres, said):
    found = answer(place_north_of_a(metres))
    assert (found.status, found.basis) == (Status.RESOLVED, Basis.NEAREST)
    assert found.catchment == CATCHMENTS["A"]
    assert found.distance_m == pytest.approx(metres, rel=1e-3)
    assert found.sentence == (
        f"Kura lies outside every catchment; the nearest, {said} away, is the Aotea catchment, "
        "which is served by Pou Tahi."
    )


def test_beyond_five_kilometres_there_is_no_guess_but_someone_to_ask():
    found = answer(place_north_of_a(5_020))
    assert (found.status, found.basis, found.catchment) == (Status.UNRESOLVED, None, None)
    assert found.distance_m is None
    assert codes(found.notices) == ["outside"]
    assert found.sentence == (f"Kura lies outside every catchment, and none is within 5 km. {ASK}")
    assert "Ministry of Education regional office" in found.sentence


def test_of_two_boundaries_as_near_the_smaller_code_answers():
    found = answer(Place(174.1, -36.0 + 500 * METRE_NORTH))
    assert (found.basis, found.catchment.code) == (Basis.NEAREST, "A")


@pytest.mark.parametrize(
    ("metres", "said"),
    [(0.2, "0 m"), (340.4, "340 m"), (999.4, "999 m"), (999.6, "1.0 km"), (1_000, "1.0 km")],
)
def test_distances_are_said_as_people_say_them(metres, said):
    assert kilometres(metres) == said


# --- ambiguous and unresolved ---------------------------------------------------------------------


def test_an_overlap_is_ambiguous_with_candidates_and_never_a_coin_toss():
    found = answer(IN_C_AND_D)
    assert (found.status, found.basis) == (Status.AMBIGUOUS, None)
    assert (found.catchment, found.provider) == (None, None)
    assert [(c.catchment.code, c.provider) for c in found.candidates] == [
        ("C", PROVIDERS["P1"]),
        ("D", PROVIDERS["P2"]),
    ]
    assert found.sentence == f"Kura lies in more than one catchment: Clevedon and Dargaville. {ASK}"


@pytest.mark.parametrize("lng", [175.05, 175.1], ids=["D's edge in C", "C's edge in D"])
def test_the_edge_of_one_inside_another_is_ambiguous_too(lng):
    assert answer(Place(lng, -36.05)).status is Status.AMBIGUOUS


@settings(max_examples=examples(50))
@given(st.floats(175.05, 175.1), st.floats(-36.1, -36.0))
def test_every_place_two_boundaries_cover_has_candidates_or_is_on_both_edges(lng, lat):
    found = resolver().point(lng=lng, lat=lat)
    on_both = lat in {-36.1, -36.0} and lng in {175.05, 175.1}
    if found.status is Status.AMBIGUOUS:
        assert [c.catchment.code for c in found.candidates] == ["C", "D"]
    else:
        assert on_both or INDEX.on_edge_of("C", lng=lng, lat=lat)
        assert codes(found.notices) == ["on-boundary"]


def test_without_a_place_or_a_listing_a_school_is_unresolved():
    found = answer(None)
    assert (found.status, found.place) == (Status.UNRESOLVED, None)
    assert codes(found.notices) == ["no-place"]
    assert found.sentence == (
        f"Kura has no recorded place and is not on the published list of schools. {ASK}"
    )


@pytest.mark.parametrize(
    ("place", "listings", "basis", "name"),
    [
        (IN_E, {}, Basis.LOCATED, "Eketāhuna"),
        (IN_F, {}, Basis.LOCATED, "Foxton"),
        (IN_A, {54: "E"}, Basis.LISTED, "Eketāhuna"),
        (Place(176.05, -36.0 + 900 * METRE_NORTH), {}, Basis.NEAREST, "Eketāhuna"),
    ],
    ids=["located", "its provider is unknown", "listed", "nearest"],
)
def test_a_catchment_without_provider_is_named_and_unresolved(place, listings, basis, name):
    found = answer(place, listings=listings)
    assert (found.status, found.basis) == (Status.UNRESOLVED, basis)
    assert (found.catchment.name, found.provider) == (name, None)
    assert codes(found.notices) == ["no-provider"]
    assert found.notices[0].text == f"{name} has no provider."
    assert f"the {name} catchment, which has no provider at present. {ASK}" in found.sentence


def test_a_neighbour_without_provider_is_named_as_having_none():
    lacking = dict(CATCHMENTS, B=Catchment("B", "Bluff"))
    (notice,) = answer(ON_EDGE_OF_A_AND_B, catchments=lacking).notices
    assert notice.text.endswith("between Aotea (Pou Tahi) and Bluff (no provider).")


# --- points ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "status", "basis", "begins"),
    [
        (IN_A, Status.RESOLVED, Basis.LOCATED, "This place lies inside the Aotea catchment"),
        (place_north_of_a(500), Status.RESOLVED, Basis.NEAREST, "This place lies outside every"),
        (FAR_AWAY, Status.UNRESOLVED, None, "This place lies outside every catchment, and none"),
        (IN_C_AND_D, Status.AMBIGUOUS, None, "This place lies in more than one catchment"),
    ],
)
def test_a_point_is_answered_as_a_school_there_would_be(place, status, basis, begins):
    found = resolver().point(lng=place.lng, lat=place.lat)
    assert (found.status, found.basis) == (status, basis)
    assert (found.place, found.school) == (place, None)
    assert found.sentence.startswith(begins)


@pytest.mark.parametrize(("lng", "lat"), [(math.nan, -36.0), (174.05, math.inf), (180.0, 90.0)])
def test_a_point_that_is_nowhere_is_unresolved(lng, lat):
    assert resolver().point(lng=lng, lat=lat).status is Status.UNRESOLVED


# --- catchments, regions and providers by name ----------------------------------------------------


def by_catchments(kind, name, *codes, code="", **edition):
    named = NamedPlace(kind, name, catchment_codes=codes, code=code)
    return resolver(**edition).by_catchments(named)


CATCHMENT, REGION, PROVIDER = PlaceKind.CATCHMENT, PlaceKind.REGION, PlaceKind.PROVIDER


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ((CATCHMENT, "Aotea", "A"), "The Aotea catchment is served by Pou Tahi."),
        (
            (REGION, "Otago", "A"),
            "Otago has one catchment, Aotea, which is served by Pou Tahi.",
        ),
        ((PROVIDER, "Pou Tahi", "A"), "Pou Tahi serves one catchment: Aotea."),
    ],
)
def test_one_catchment_by_name_is_answered_without_a_basis(asked, sentence):
    found = by_catchments(*asked, code="P1")
    assert (found.status, found.basis, found.sentence) == (Status.RESOLVED, None, sentence)
    assert (found.catchment, found.provider) == (CATCHMENTS["A"], PROVIDERS["P1"])
    assert (found.candidates, found.notices) == ((), ())


@pytest.mark.parametrize("code", "EF")
def test_a_catchment_by_name_without_a_provider_says_so(code):
    name = CATCHMENTS[code].name
    found = by_catchments(CATCHMENT, name, code, code=code)
    assert (found.status, found.catchment.code) == (Status.UNRESOLVED, code)
    assert found.sentence == f"The {name} catchment has no provider at present. {ASK}"
    assert codes(found.notices) == ["no-provider"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ((PROVIDER, "Pou Tahi", "A", "C"), "Pou Tahi serves 2 catchments: Aotea, Clevedon."),
        ((REGION, "Waikato", "C", "D"), "Waikato has 2 catchments: Clevedon, Dargaville."),
    ],
)
def test_several_catchments_are_all_listed_with_who_serves_each(asked, sentence):
    found = by_catchments(*asked)
    assert (found.status, found.sentence) == (Status.AMBIGUOUS, sentence)
    assert [each.catchment.code for each in found.candidates] == list(asked[2:])
    assert found.candidates[0].provider == PROVIDERS["P1"]


def test_a_provider_that_serves_nothing_and_a_catchment_that_is_no_more_say_so():
    idle = by_catchments(PROVIDER, "Idle", code="P9")
    assert (idle.status, idle.sentence) == (
        Status.UNRESOLVED,
        f"Idle serves no catchment at present. {ASK}",
    )
    gone = by_catchments(CATCHMENT, "Gone", "Z", code="Z")
    assert gone.status is Status.UNRESOLVED
    assert gone.sentence == f"Gone is not in this edition of the catchments. {ASK}"
    assert by_catchments(REGION, "Waikato", "Z", "C").catchment == CATCHMENTS["C"]


# --- in-school provision --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "listings", "status"),
    [
        (IN_A, {54: "B"}, Status.RESOLVED),
        (IN_A, {}, Status.RESOLVED),
        (None, {}, Status.UNRESOLVED),
        (IN_C_AND_D, {}, Status.AMBIGUOUS),
    ],
)
def test_in_school_provision_stands_beside_the_answer_and_never_changes_it(place, listings, status):
    plain = answer(place, listings=listings)
    funded = answer(place, listings=listings, in_school_provision={54: "For 12 students"})
    assert funded.status is status
    assert funded.in_school_provision == "For 12 students"
    assert replace(funded, in_school_provision=None) == plain


# --- dates ----------------------------------------------------------------------------------------

BEFORE, ON, AFTER = DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)
PROPOSED = School(54, "Kura", SchoolStatus.PROPOSED, IN_A)
CLOSED = School(54, "Kura", SchoolStatus.CLOSED, IN_A)


@pytest.mark.parametrize(
    ("school", "on", "expected"),
    [
        (replace(PROPOSED, opens=DAY), BEFORE, ["proposed-school"]),
        (replace(PROPOSED, opens=DAY), ON, []),
        (replace(PROPOSED, opens=DAY), AFTER, []),
        (PROPOSED, AFTER, ["proposed-school"]),
        (replace(CLOSED, closed=DAY), BEFORE, []),
        (replace(CLOSED, closed=DAY), ON, ["closed-school"]),
        (replace(CLOSED, closed=DAY), AFTER, ["closed-school"]),
        (CLOSED, BEFORE, ["closed-school"]),
        (School(54, "Kura", place=IN_A), ON, []),
    ],
)
def test_a_proposed_or_closed_school_is_said_to_be_so_while_it_is(school, on, expected):
    found = resolver(school).school(54, on=on)
    assert codes(found.notices) == expected
    assert found.status is Status.RESOLVED


@pytest.mark.parametrize(
    ("school", "text"),
    [
        (
            replace(PROPOSED, opens=AFTER),
            "This school is proposed; it is to open on 2 July 2026.",
        ),
        (PROPOSED, "This school is proposed."),
        (replace(CLOSED, closed=BEFORE), "This school closed on 30 June 2026."),
        (CLOSED, "This school closed."),
    ],
)
def test_notices_give_the_date_where_there_is_one(school, text):
    assert [n.text for n in resolver(school).school(54, on=DAY).notices] == [text]


@pytest.mark.parametrize(
    ("on", "closed"), [(BEFORE, False), (ON, True), (AFTER, True)], ids=["before", "on", "after"]
)
def test_a_school_is_closed_from_its_closing_day(on, closed):
    assert is_closed(replace(CLOSED, closed=DAY), on=on) is closed
    assert is_closed(CLOSED, on=on)
    assert not is_closed(replace(PROPOSED, closed=DAY), on=on)


def test_a_school_that_left_the_directory_is_answered_and_said_to_have_left():
    gone = replace(CLOSED, last_seen=date(2025, 12, 31))
    found = resolver(former=[gone]).school(54, on=DAY)
    assert found.catchment.code == "A"
    assert codes(found.notices) == ["not-in-directory"]
    assert found.notices[0].text == (
        "This school is not in the school directory; the last that had it is that of "
        "31 December 2025."
    )


def test_since_which_release_a_school_is_gone_is_said_where_it_is_known():
    gone = replace(CLOSED, last_seen=date(2021, 9, 25), gone_since=date(2026, 6, 7))
    (notice,) = resolver(former=[gone]).school(54, on=DAY).notices
    assert notice.text == (
        "This school is not in the school directory since the release of 7 June 2026; the last "
        "that had it is that of 25 September 2021."
    )


def test_a_school_that_is_called_otherwise_now_is_said_to_be():
    notice = renamed(School(54, "Te Kura o Ahi"), FormerName("Ahi School", date(2021, 9, 25)))
    assert notice == Notice(
        "renamed",
        "It is called Te Kura o Ahi now; until the release of 25 September 2021 it was Ahi School.",
    )


def test_the_present_directory_wins_over_an_earlier_one():
    present, earlier = School(54, "Now", place=IN_B), replace(CLOSED, last_seen=BEFORE)
    found = resolver(present, former=[earlier]).school(54, on=DAY)
    assert (found.school, found.notices) == (present, ())


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (RELEASED - timedelta(days=1), ["directory-later-than-date"]),
        (RELEASED, []),
        (RELEASED + timedelta(days=1), []),
    ],
)
def test_a_directory_later_than_the_date_is_said_to_be(on, expected):
    found = answer(on=on)
    assert codes(found.notices) == expected
    for notice in found.notices:
        assert notice.text == (
            "The school directory used is that of 1 June 2026; "
            "none as early as 31 May 2026 is held."
        )


def test_what_a_place_says_comes_before_what_a_date_says():
    school = replace(PROPOSED, place=ON_EDGE_OF_A_AND_B, opens=AFTER)
    found = resolver(school, released=AFTER).school(54, on=DAY)
    assert codes(found.notices) == ["on-boundary", "directory-later-than-date", "proposed-school"]


def test_an_answer_without_a_date_says_nothing_of_dates():
    closed = replace(CLOSED, closed=BEFORE)
    assert resolver(closed).undated(closed).notices == ()


# --- unknown schools and hostile names ------------------------------------------------------------


@pytest.mark.parametrize("school_id", [0, -1, 55, 10**12])
def test_an_unknown_school_is_refused_with_what_to_do_next(school_id):
    with pytest.raises(NotKnown) as refused:
        resolver(School(54, "Kura")).school(school_id, on=DAY)
    assert str(refused.value) == (
        f"There is no school with the number {school_id}. "
        "Numbers are those of the Ministry of Education's school directory. "
        "Check the number, or look the school up by its name."
    )


HOSTILE = [
    "{{7*191}}",
    "{}",
    "{0}",
    "{name}",
    "%s",
    "%(name)s",
    "${alert(1)}",
    "<script>alert(1)</script>",
    "\\1\\g<0>",
    "Te Kura o Ōtāhuhu",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_every_name_stands_in_sentences_as_it_is_written(name):
    catchments = {code: replace(c, name=f"{name} {code}") for code, c in CATCHMENTS.items()}
    providers = {code: replace(p, name=f"{name} {code}") for code, p in PROVIDERS.items()}

    def said(place, **listings):
        return answer(place, name=name, catchments=catchments, providers=providers, **listings)

    served = f"{name} A catchment, which is served by {name} P1."
    assert said(IN_A).sentence == f"{name} lies inside the {served}"
    assert said(IN_B, listings={54: "A"}).sentence == (
        f"{name} is on the published list of schools in the {served}"
    )
    assert said(place_north_of_a(50)).sentence.endswith(f"is the {served}")
    assert said(IN_C_AND_D).sentence == (
        f"{name} lies in more than one catchment: {name} C and {name} D. {ASK}"
    )
    assert f"the {name} E catchment, which has no provider" in said(IN_E).sentence
    assert said(None).sentence.startswith(f"{name} has no recorded place")
    assert said(ON_EDGE_OF_A_AND_B).notices[0].text == (
        f"This place is exactly on the boundary between {name} A ({name} P1) and "
        f"{name} B ({name} P2)."
    )


def test_what_is_said_and_looked_through_fits_how_far_nearest_reaches() -> None:
    source = Path(inspect.getfile(Resolver)).read_text(encoding="utf-8")
    reaches = re.findall(r"is within (\S+ km)", source)
    assert reaches == [f"{NEAREST_WITHIN_M / 1000:g} km"] * 2
    for degrees, lat in ((NEAR_DEG, NEW_ZEALAND_LAT[0]), (NEAR_DEGREES, -66)):
        assert degrees * METRES_PER_DEGREE * math.cos(math.radians(lat)) > NEAREST_WITHIN_M

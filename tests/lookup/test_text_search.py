"""A text that somebody types, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.model import (
    Alias,
    DirectoryRelease,
    Edition,
    EditionSummary,
    FormerName,
    MatchKind,
    NamedPlace,
    Place,
    PlaceKind,
    Provider,
    ReleaseSummary,
    School,
    SchoolStatus,
    Status,
)
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.text_search import NoAddresses, SearchResult, TextSearch
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import Published, Snapshots
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    RIMU,
    STARTS,
    TODAY,
    TOTARA,
    next_edition,
    overlapping_edition,
    small_edition,
    small_release,
    small_schools,
)

IN_AHI, IN_KOWHAI = Place(lng=174.5, lat=-38.5), Place(lng=175.5, lat=-38.5)
NEAR_THE_EDGE = Place(lng=174.9995, lat=-38.5)
AT_SEA = Place(lng=150.0, lat=-38.5)
CATCHMENTS = small_edition().catchments
OF_TWO = (RIMU, TOTARA)


@dataclass
class Known:
    """Stands for an address book or a geocoder: knows what it is given."""

    places: dict[str, list[NamedPlace]]
    asked: list[str]

    def localities_named_in(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def candidates(self, typed: TypedText | AddressText, *, at_most: int) -> list[NamedPlace]:
        self.asked.append(typed.text)
        return self.places.get(typed.text, [])[:at_most]


@dataclass
class Kept:
    """An archive of editions, numbered in order, and one directory release."""

    published: list[Edition]
    directory: DirectoryRelease
    nicknames: tuple[Alias, ...] = ()

    def state(self) -> int:
        return 0

    def editions(self) -> list[EditionSummary]:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            EditionSummary(number, e.title, "", e.effective_from or STARTS, at, True)
            for number, e in enumerate(self.published, start=1)
        ]

    def edition(self, number: int) -> Edition:
        return replace(self.published[number - 1], number=number)

    def releases(self) -> list[ReleaseSummary]:
        held = self.directory
        return [ReleaseSummary(1, held.released, len(held.schools), held.source)]

    def release(self, number: int) -> DirectoryRelease:
        return replace(self.directory, number=number)

    def aliases(self) -> tuple[Alias, ...]:
        return self.nicknames

    def texts(self) -> tuple[tuple[()], tuple[()]]:
        return (), ()


def known(**places: list[NamedPlace]) -> Known:
    return Known({name.replace("_", " "): found for name, found in places.items()}, [])


def address(
    name: str,
    *places: Place,
    kind: PlaceKind = PlaceKind.ADDRESS,
    match: MatchKind = MatchKind.EXACT,
) -> NamedPlace:
    return NamedPlace(kind, name, "Ahitown", places=places, match=match)


def world(*editions: Any, schools: dict[int, School] | None = None) -> Published:
    release = small_release(schools=schools or small_schools())
    archive = Kept(list(editions) or [small_edition()], release)
    return Snapshots(archive, today=lambda: TODAY).current()


WORLD = world()


def find(text: str, *, addresses: Any = None, geocoder: Any = None, **more: Any) -> SearchResult:
    where = more.pop("world", WORLD)
    finder = TextSearch(where, addresses or NoAddresses(), geocoder or NoAddresses())
    finding = finder.find(text, as_at=where.as_at(more.pop("on", TODAY)), **more)
    assert finding is not None
    return finding


def codes(finding: SearchResult) -> list[str]:
    return [candidate.catchment.code for candidate in finding.answer.all_named]


def notices(finding: SearchResult) -> list[str]:
    return [notice.code for notice in finding.answer.notices]


# --- schools --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["54", "#54", " 54 ", "Kura o Ahi", "ahi kura", "KURA AHI"])
def test_a_school_is_answered_by_its_number_and_by_the_words_of_its_name(text):
    finding = find(text)
    assert [match.named.schools[0].school_id for match in finding.matches] == [54]
    assert finding.answer.status is Status.RESOLVED
    assert finding.answer.school == small_schools()[54]
    assert codes(finding) == [AHI]


def test_a_slip_is_asked_about_and_says_so():
    finding = find("kura o ahj")
    assert [match.named.schools[0].school_id for match in finding.matches] == [54]
    assert finding.match is MatchKind.SLIP
    assert finding.answer.status is Status.UNRESOLVED
    assert [(c.catchment.code, c.match) for c in finding.answer.candidates] == [(AHI, "slip")]
    assert notices(finding) == ["approximate-match"]
    assert finding.answer.sentence == (
        "“kura o ahj” is not known here. Did you mean Kura o Ahi, Ahitown?"
    )


def test_one_name_in_two_catchments_is_a_list_to_pick_from():
    finding = find("St Josephs")
    assert finding.answer.status is Status.AMBIGUOUS
    assert [m.named.schools[0].school_id for m in finding.matches] == [55, 56]
    assert codes(finding) == [KOWHAI, TOTARA]
    assert finding.answer.sentence == (
        "Several places may be meant by “St Josephs”. Pick one, or add a town or a number."
    )


def test_several_places_in_one_catchment_are_one_answer():
    schools = {
        1: School(1, "Totara School", place=Place(175.5, -39.5)),
        2: School(2, "Totara High School", place=Place(175.6, -39.6)),
    }
    finding = find("totara", world=world(schools=schools))
    assert len(finding.matches) == 2
    assert finding.answer.status is Status.RESOLVED
    assert codes(finding) == [TOTARA]
    assert finding.answer.sentence == (
        "All 2 places that “totara” may mean are in the Tōtara catchment, "
        "which is served by Ngā Rākau."
    )


CLOSED = {"status": SchoolStatus.CLOSED, "closed": date(2025, 12, 19)}
OFF_SHORE = Place(lng=173.99, lat=-38.5)
"""872 m west of Ahi and of all others."""


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"place": OFF_SHORE}, {"place": Place(lng=173.98, lat=-38.5)}, []),
        ({"place": OFF_SHORE}, {"place": IN_AHI}, []),
        ({"place": IN_AHI, **CLOSED}, {"place": IN_AHI, **CLOSED}, ["closed-school"]),
    ],
    ids=["both near one", "one near, one in", "both closed"],
)
def test_namesakes_are_one_answer_only_where_the_same_is_said_of_each(first, second, told):
    schools = {n: School(n, "Gone School", **each) for n, each in ((1, first), (2, second))}
    finding = find("gone school", world=world(schools=schools))
    assert codes(finding) == [AHI]
    assert notices(finding) == told
    assert finding.answer.status is (Status.RESOLVED if told else Status.AMBIGUOUS)


def test_what_is_said_of_one_namesake_alone_is_not_said_of_both():
    schools = {1: School(1, "Twin", place=IN_AHI), 2: School(2, "Twin", place=IN_AHI)}
    edition = small_edition(listings={}, in_school_provision={2: "Funded for 3 students"})
    finding = find("twin", world=world(edition, schools=schools))
    assert (finding.answer.status, codes(finding)) == (Status.AMBIGUOUS, [AHI])


@pytest.mark.parametrize(
    ("schools", "status", "expected", "begins"),
    [
        (
            {1: OFF_SHORE},
            Status.RESOLVED,
            [AHI],
            "Whangarua lies outside every catchment; the nearest, 872 m away, is the Ahi catchment",
        ),
        (
            {1: OFF_SHORE, 2: Place(lng=173.98, lat=-38.5)},
            Status.RESOLVED,
            [AHI],
            "Whangarua lies outside every catchment; the nearest, up to 1.7 km away, is the Ahi",
        ),
        (
            {1: OFF_SHORE, 2: IN_AHI},
            Status.RESOLVED,
            [AHI],
            "All that is known here of Whangarua, but for what belongs to no catchment, is in the",
        ),
        ({498: IN_AHI}, Status.UNRESOLVED, [], "No catchment is known here of Whangarua."),
        (
            {498: IN_AHI, 1: IN_AHI},
            Status.RESOLVED,
            [AHI],
            "All that is known here of Whangarua, but for what belongs to no catchment, is in the",
        ),
        ({1: AT_SEA}, Status.UNRESOLVED, [], "Whangarua lies outside every catchment. "),
        (
            {1: OFF_SHORE, 2: Place(lng=180.01, lat=-44.5)},
            Status.UNRESOLVED,
            [AHI],
            "Whangarua lies outside every catchment; what is near to some of it: Ahi. ",
        ),
    ],
)
def test_a_town_says_no_more_than_is_known_of_its_schools(schools, status, expected, begins):
    there = {n: School(n, f"School {n}", city="Whangarua", place=at) for n, at in schools.items()}
    finding = find("whangarua", world=world(schools=there))
    assert finding.answer.sentence.startswith(begins)
    assert (finding.answer.status, codes(finding)) == (status, expected)


def test_a_town_whose_school_is_near_a_boundary_may_be_in_either():
    there = {1: School(1, "Edge School", city="Whangarua", place=NEAR_THE_EDGE)}
    finding = find("whangarua", world=world(schools=there))
    assert (finding.answer.status, codes(finding)) == (Status.RESOLVED, [AHI, KOWHAI])
    assert finding.answer.notices[0].text == (
        "This place is in part near the boundary between Ahi (Ahi Trust) and Kōwhai (Ngā Rākau)."
    )


def test_a_town_whose_school_lies_in_two_catchments_is_in_two():
    there = {1: School(1, "Both", city="Whangarua", place=Place(lng=175.1, lat=-38.5))}
    finding = find("whangarua", world=world(overlapping_edition(listings={}), schools=there))
    assert (finding.answer.status, codes(finding)) == (Status.AMBIGUOUS, [AHI, KOWHAI])


def test_a_region_whose_whole_name_was_typed_is_not_the_town_in_it():
    there = {1: School(1, "Island School", city="Manawatū", place=Place(lng=174.5, lat=-39.5))}
    there[1] = replace(there[1], education_region="Taranaki, Whanganui, Manawatū")
    regions = {code: replace(c, education_region="Waikato") for code, c in CATCHMENTS.items()}
    several = {c: replace(regions[c], education_region=there[1].education_region) for c in OF_TWO}
    found = world(small_edition(catchments=regions | several), schools=there)
    finding = find("Taranaki, Whanganui, Manawatū", world=found)
    assert finding.answer.status is Status.AMBIGUOUS
    assert set(codes(finding)) == set(OF_TWO)
    assert codes(find("manawatu", world=found)) != codes(finding)


def test_a_whole_name_means_that_school_and_not_all_that_begin_with_it():
    schools = {
        1: School(1, "Ahi School", place=IN_AHI),
        2: School(2, "Ahi School Activity Centre", place=IN_KOWHAI),
    }
    finding = find("ahi school", world=world(schools=schools))
    assert [match.named.schools[0].school_id for match in finding.matches] == [1]


def test_a_school_that_is_on_the_list_is_answered_for_by_the_list():
    # 57 lies in Tōtara and is listed in Rimu.
    assert codes(find("nga puna school")) == ["RIM-3"]


def test_more_than_can_be_shown_is_no_answer_even_in_one_catchment():
    schools = {n: School(n, "Kura", place=IN_AHI) for n in range(1, 60)}
    finding = find("kura", world=world(schools=schools))
    assert finding.more
    assert len(finding.matches) == 25
    assert finding.answer.status is Status.AMBIGUOUS


def test_what_changes_next_is_part_of_what_is_found():
    later = date(2026, 7, 1)
    finding = find("55", world=world(small_edition(), next_edition(later)))
    assert finding.answer.upcoming is not None
    assert finding.answer.upcoming.effective_from == later


def test_a_date_before_the_first_edition_has_no_finding():
    finder = TextSearch(WORLD, NoAddresses(), NoAddresses())
    assert finder.find("54", as_at=WORLD.as_at(STARTS.replace(day=4))) is None


def test_a_number_that_is_no_schools_is_not_another_schools():
    finding = find("5")  # 54, 55, 56 … begin so
    assert finding.matches == ()
    assert finding.answer.status is Status.UNRESOLVED


@pytest.mark.parametrize(
    "text",
    ["0054", "54.0", "ID 54", "MOE 54", "School ID: 54", "moe number 54", "５４", "school no. 54"],
)
def test_a_number_is_understood_however_a_program_or_a_form_writes_it(text):
    assert [match.named.schools[0].school_id for match in find(text).matches] == [54]
    assert find(text).is_exact


@pytest.mark.parametrize("text", ["54 Kura o Ahi", "54, kura o ahi", "Kura o Ahi 54", "54.", "№54"])
def test_a_number_beside_the_name_or_a_full_stop_does_no_harm(text):
    assert [match.named.schools[0].school_id for match in find(text).matches] == [54]


def test_a_place_does_not_hide_a_school_elsewhere_whose_name_begins_so():
    schools = {
        1: School(1, "Area School", place=IN_AHI, city="Rangitoto"),
        2: School(2, "Rangitoto College", place=IN_KOWHAI, city="Takapuna"),
    }
    finding = find("rangitoto", world=world(schools=schools))
    assert [match.named.name for match in finding.matches] == ["Rangitoto", "Rangitoto College"]
    assert finding.answer.status is Status.AMBIGUOUS


def test_what_changes_for_some_of_several_places_only_is_said_of_none():
    schools = {
        1: School(1, "Twin School", place=IN_AHI),
        2: School(2, "Twin School", place=IN_AHI),
    }
    moved = small_edition(listings={2: TOTARA}, effective_from=date(2026, 7, 1))
    both = [small_edition(listings={}), moved]
    finding = find("twin school", world=world(*both, schools=schools))
    assert finding.answer.status is Status.RESOLVED
    assert finding.answer.upcoming is None
    assert notices(finding) == ["changes-differ"]


def test_several_places_in_one_catchment_without_a_provider_say_so_at_once():
    edition = small_edition(listings={})
    bare = replace(edition.catchments[AHI], provider_code=None)
    edition = replace(edition, catchments={**edition.catchments, AHI: bare})
    schools = {n: School(n, "Twin School", place=IN_AHI) for n in (1, 2)}
    finding = find("twin school", world=world(edition, schools=schools))
    assert finding.answer.status is Status.UNRESOLVED
    assert "which has no provider" in finding.answer.sentence


# --- towns ----------------------------------------------------------------------------------------


def test_a_town_in_one_catchment_is_an_answer_with_its_schools():
    finding = find("Ahitown")
    assert finding.answer.status is Status.RESOLVED
    assert codes(finding) == [AHI]
    assert finding.matches[0].named.kind is PlaceKind.TOWN
    assert [school.school_id for school in finding.matches[0].named.schools] == [54]


def test_a_town_across_a_boundary_is_ambiguous():
    schools = {
        1: School(1, "West School", place=IN_AHI, city="Twotown"),
        2: School(2, "East School", place=IN_KOWHAI, city="Twotown"),
    }
    finding = find("Twotown", world=world(schools=schools))
    assert finding.answer.status is Status.AMBIGUOUS
    assert codes(finding) == [AHI, KOWHAI]


def test_a_towns_schools_and_its_addresses_are_one_place():
    town = NamedPlace(PlaceKind.SUBURB, "Ahitown", places=(IN_KOWHAI,))
    finding = find("Ahitown", addresses=known(Ahitown=[town]))
    assert len(finding.matches) == 1
    assert finding.answer.status is Status.AMBIGUOUS
    assert codes(finding) == [AHI, KOWHAI]


# --- addresses ------------------------------------------------------------------------------------

TWELVE = "12 high st ahitown"


def test_an_address_that_is_known_is_answered_for_by_its_place():
    finding = find(TWELVE, addresses=known(**{TWELVE: [address("12 High Street", IN_AHI)]}))
    assert finding.answer.status is Status.RESOLVED
    assert finding.answer.place == IN_AHI
    assert finding.answer.sentence == (
        "12 High Street lies inside the Ahi catchment, which is served by Ahi Trust."
    )
    assert notices(finding) == []


def test_an_address_near_a_boundary_names_both_providers():
    finding = find(TWELVE, addresses=known(**{TWELVE: [address("12 High Street", NEAR_THE_EDGE)]}))
    assert finding.answer.status is Status.RESOLVED
    assert codes(finding) == [AHI, KOWHAI]
    assert notices(finding) == ["near-boundary"]


def test_an_addresss_own_uncertainty_says_what_is_near():
    exact = replace(address("12 High Street", NEAR_THE_EDGE), uncertainty_m=5.0)
    assert codes(find(TWELVE, addresses=known(**{TWELVE: [exact]}))) == [AHI]


def test_one_address_in_two_towns_is_a_list_to_pick_from():
    two = [address("12 High Street", IN_AHI), address("12 High Street", IN_KOWHAI)]
    finding = find(TWELVE, addresses=known(**{TWELVE: two}))
    assert finding.answer.status is Status.AMBIGUOUS
    assert codes(finding) == [AHI, KOWHAI]


def test_of_a_number_that_is_not_known_its_road_is_asked_about():
    place = Place(174.6, -38.6)
    road = address("High Street", IN_AHI, place, kind=PlaceKind.ROAD, match=MatchKind.PART)
    finding = find(TWELVE, addresses=known(**{TWELVE: [road]}))
    assert finding.answer.status is Status.UNRESOLVED
    assert codes(finding) == [AHI]
    assert notices(finding) == ["number-not-known", "approximate-match"]


def test_a_road_across_a_boundary_is_ambiguous():
    road = address("High Street", IN_AHI, IN_KOWHAI, kind=PlaceKind.ROAD)
    finding = find("high street", addresses=known(high_street=[road]))
    assert finding.answer.status is Status.AMBIGUOUS
    assert codes(finding) == [AHI, KOWHAI]


def test_an_address_outside_everything_says_whom_to_ask():
    finding = find(TWELVE, addresses=known(**{TWELVE: [address("12 High Street", AT_SEA)]}))
    assert finding.answer.status is Status.UNRESOLVED
    assert "Ask your Ministry of Education regional office" in finding.answer.sentence


def test_of_an_address_nobody_knows_its_town_is_asked_about():
    finding = find("12 high st, ahitown 0410")
    assert (finding.answer.status, finding.match) == (Status.UNRESOLVED, MatchKind.LOCALITY)
    assert codes(finding) == [AHI]
    assert notices(finding) == ["address-not-known", "approximate-match"]
    assert finding.answer.notices[0].text == (
        "The address itself is not known yet; of it only Ahitown was understood."
    )


@pytest.mark.parametrize(
    "text", ["12 High Road, RD 2, Ahitown", "PO Box 12, Ahitown", "R.D.4 Ahitown"]
)
def test_where_post_goes_is_no_place(text):
    finding = find(text)
    assert (finding.answer.status, finding.match) == (Status.UNRESOLVED, MatchKind.MAIL_TOWN)
    assert notices(finding) == ["mail-town-only", "approximate-match"]
    assert finding.answer.notices[0].text == (
        "That says where post goes, which is by way of Ahitown. Give a road and a suburb."
    )


def test_a_schools_own_address_finds_the_school():
    schools = {1: School(1, "Ahi School", place=IN_AHI, address="12 High Street", city="Ahitown")}
    finding = find(TWELVE, world=world(schools=schools))
    assert [match.named.kind for match in finding.matches] == [PlaceKind.SCHOOL]
    assert notices(finding) == []


def test_an_address_without_its_town_may_be_another_towns():
    schools = {1: School(1, "Ahi School", place=IN_AHI, address="12 High Street", city="Ahitown")}
    finding = find("12 High Street", world=world(schools=schools))
    assert (finding.answer.status, finding.match) == (Status.UNRESOLVED, MatchKind.PART)
    assert codes(finding) == [AHI]


def test_a_schools_address_stands_beside_the_same_one_elsewhere():
    schools = {1: School(1, "Ahi School", place=IN_AHI, address="12 High Street", city="Ahitown")}
    book = known(**{"12 High Street": [address("12 High Street", IN_KOWHAI)]})
    finding = find("12 High Street", world=world(schools=schools), addresses=book)
    assert sorted(codes(finding)) == [AHI, KOWHAI]


def test_a_schools_own_number_is_known_though_the_book_knows_its_road_only():
    schools = {1: School(1, "Ahi School", place=IN_AHI, address="12 High Street", city="Ahitown")}
    road = address("High Street", IN_AHI, kind=PlaceKind.ROAD, match=MatchKind.PART)
    geocoder = known()
    finding = find(
        TWELVE, world=world(schools=schools), addresses=known(**{TWELVE: [road]}), geocoder=geocoder
    )
    assert [match.named.kind for match in finding.matches] == [PlaceKind.SCHOOL]
    assert notices(finding) == []
    assert geocoder.asked == []


def test_a_neighbours_number_is_not_passed_off_as_the_address():
    text = "12b high st ahitown"
    twelve = address("12 High Street", IN_AHI, match=MatchKind.PART)
    finding = find(text, addresses=known(**{text: [twelve]}))
    assert finding.answer.status is Status.UNRESOLVED
    assert notices(finding) == ["number-not-known", "approximate-match"]
    assert "what is known is 12 High Street." in finding.answer.notices[0].text


@pytest.mark.parametrize(("places", "status"), [((IN_AHI,), "resolved"), ((NEAR_THE_EDGE,), "amb")])
def test_a_road_is_as_uncertain_as_its_addresses(places, status):
    road = address("High Street", *places, kind=PlaceKind.ROAD)
    assert find("high street", addresses=known(high_street=[road])).answer.status.startswith(status)


def test_a_road_outside_everything_belongs_to_the_nearest_catchment():
    road = address("Wharf Road", Place(lng=176.02, lat=-38.5), kind=PlaceKind.ROAD)
    assert codes(find("wharf road", addresses=known(wharf_road=[road]))) == [KOWHAI]


def test_towns_of_one_name_are_told_apart_and_one_is_picked_by_its_kind():
    near, far = (
        NamedPlace(PlaceKind.TOWN, "Ahitown", f"{side} District", places=(place,))
        for side, place in (("North", IN_AHI), ("South", IN_KOWHAI))
    )
    book = known(Ahitown=[near, far])
    assert [m.named.within for m in find("Ahitown", addresses=book).matches] == [
        "North District",
        "South District",
    ]


def test_what_was_picked_from_a_list_is_not_asked_about_again():
    suburb = NamedPlace(PlaceKind.SUBURB, "Ahitown", "Bigcity", places=(IN_KOWHAI,))
    book = known(Ahitown=[suburb])
    assert len(find("Ahitown", addresses=book).matches) == 2
    (picked,) = find("Ahitown", addresses=book, kind="town").matches
    assert picked.named.kind is PlaceKind.TOWN


# --- a geocoder elsewhere -------------------------------------------------------------------------


def test_a_geocoder_is_asked_for_an_address_that_is_not_known_here():
    geocoder = known(**{TWELVE: [address("12 High Street", IN_KOWHAI)]})
    finding = find(TWELVE, geocoder=geocoder)
    assert geocoder.asked == [TWELVE]
    assert codes(finding) == [KOWHAI]
    assert notices(finding) == []


@pytest.mark.parametrize("text", ["54", "kura o ahi", "st josephs", "ahitown", "nobody at all"])
def test_no_name_of_a_school_or_a_town_is_told_to_a_geocoder(text):
    geocoder = known()
    find(text, geocoder=geocoder)
    assert geocoder.asked == []


def test_an_address_that_is_known_here_is_not_told_to_a_geocoder():
    geocoder = known()
    find(TWELVE, addresses=known(**{TWELVE: [address("12 High St", IN_AHI)]}), geocoder=geocoder)
    assert geocoder.asked == []


def test_what_is_still_being_typed_is_not_told_to_a_geocoder():
    geocoder = known()
    TextSearch(WORLD, NoAddresses(), geocoder).suggest(TWELVE, at_most=8)
    assert geocoder.asked == []


# --- nothing, and worse ---------------------------------------------------------------------------


def test_nothing_found_is_said():
    finding = find("zzzzzz")
    assert finding.matches == ()
    assert finding.answer.status is Status.UNRESOLVED
    assert finding.answer.sentence == "No school, address, suburb or town was found for “zzzzzz”."
    assert notices(finding) == ["nothing-found"]


@pytest.mark.parametrize("text", ["", "   ", "\0", "—", "!!!", "\u202e\u200f", "\u0301" * 5000])
def test_a_text_that_names_nothing_is_refused(text):
    with pytest.raises(InputRefused) as refused:
        find(text)
    assert refused.value.field == "q"


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "{{7*191}}", "' OR 1=1 --", "</script>", "a" * 10_000_000, "ā\u0301" * 5000, "🏫 54"],
)
def test_hostile_text_is_a_text_like_any_other(text):
    finding = find(text)
    assert len(finding.text) <= 200
    assert finding.answer.sentence


@given(st.text(max_size=300))
def test_whatever_is_typed_gets_an_answer_or_is_refused_politely(text):
    try:
        finding = find(text)
    except InputRefused:
        return
    assert finding.answer.sentence
    assert TypedText.of(finding.text).text == finding.text


def test_suggestions_are_the_best_matches_first():
    suggested = TextSearch(WORLD, NoAddresses(), NoAddresses()).suggest("ahi", at_most=8)
    assert [(each.kind, each.name, each.match) for each in suggested] == [
        (PlaceKind.SCHOOL, "Kura o Ahi", MatchKind.PART),
        (PlaceKind.TOWN, "Ahitown", MatchKind.PART),
        (PlaceKind.CATCHMENT, "Ahi", MatchKind.EXACT),
        (PlaceKind.PROVIDER, "Ahi Trust", MatchKind.PART),
    ]


def test_providers_of_candidates_are_those_of_the_day():
    later = date(2026, 7, 1)
    where = world(small_edition(), next_edition(later))
    finding = find("55", world=where, on=later)
    assert finding.answer.provider == Provider(
        "P-AHI", "Ahi Trust", "0800 000 000", "kia@ahi.example"
    )


# --- what people paste ----------------------------------------------------------------------------


def test_coordinates_are_answered_for_by_their_point():
    finding = find("-38.5001, 174.5001")
    assert (finding.match, finding.matches[0].named.kind) == (MatchKind.EXACT, PlaceKind.POINT)
    assert codes(finding) == [AHI]
    assert notices(finding) == []


def test_coordinates_in_the_other_order_are_understood_and_said():
    finding = find("174.5001, -38.5001")
    assert (finding.answer.status, codes(finding)) == (Status.RESOLVED, [AHI])
    assert notices(finding) == ["swapped"]


def test_a_missing_sign_is_asked_about():
    finding = find("38.5001, 174.5001")
    assert (finding.answer.status, finding.match) == (Status.UNRESOLVED, MatchKind.SLIP)
    assert notices(finding) == ["sign-missing", "approximate-match"]
    assert finding.answer.sentence.startswith("Did you mean 38.5")


def test_a_short_link_says_that_it_carries_no_place():
    finding = find("https://maps.app.goo.gl/abcd")
    assert (finding.answer.status, finding.matches) == (Status.UNRESOLVED, ())
    assert notices(finding) == ["no-place-in-text"]
    assert finding.answer.sentence.startswith("A short link carries no place.")


def test_the_school_that_a_map_names_counts_more_than_its_pin():
    finding = find("https://www.google.com/maps/place/Kura+o+Ahi/@-38.5,175.5,17z")
    assert [match.named.name for match in finding.matches] == ["Kura o Ahi"]
    assert codes(finding) == [AHI]


CONTACTS = {
    1: School(1, "Ahi School", place=IN_AHI, phone="09 408 0190", website="https://ahi.school.nz"),
    2: School(
        2, "Kowhai School", place=IN_KOWHAI, postcode="0410", email_domain="kowhai.school.nz"
    ),
}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("09 408 0190", 1),
        ("+64 9 408 0190", 1),
        ("www.ahi.school.nz", 1),
        ("office@kowhai.school.nz", 2),
        ("Ahi School, 09 408 0190", 1),
    ],
)
def test_a_school_is_found_by_what_reaches_it(text, number):
    finding = find(text, world=world(schools=CONTACTS))
    assert finding.is_exact
    assert [match.named.schools[0].school_id for match in finding.matches] == [number]


def test_a_postcode_is_answered_for_by_its_schools():
    finding = find("0410", world=world(schools=CONTACTS))
    assert (finding.matches[0].named.kind, codes(finding)) == (PlaceKind.POSTCODE, [KOWHAI])


# --- questions and other needs --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Who is the provider for Kura o Ahi?", "provider for kura ahi", "which provider serves 54"],
)
def test_the_words_of_a_question_are_lost(text):
    finding = find(text)
    assert [match.named.schools[0].school_id for match in finding.matches] == [54]
    assert finding.answer.status is Status.RESOLVED


@pytest.mark.parametrize("text", ["truancy", "Oranga Tamariki", "ENROL", "not enrolled"])
def test_a_need_of_another_kind_leads_to_what_helps(text):
    finding = find(text)
    assert finding.need is not None
    assert (finding.answer.status, finding.matches) == (Status.UNRESOLVED, ())
    assert notices(finding) == ["other-need"]
    assert finding.answer.sentence == finding.need.sentence


def test_a_school_that_is_named_so_is_no_need_of_another_kind():
    schools = {1: School(1, "Truancy School", place=IN_AHI)}
    finding = find("truancy", world=world(schools=schools))
    assert (finding.need, codes(finding)) == (None, [AHI])


# --- names that are not a school's own ------------------------------------------------------------


def renamed_world() -> Published:
    """A school that was called Kura Tawhito, and one that people call ABC."""
    release = replace(
        small_release(schools=small_schools()),
        former_names={54: (FormerName("Kura Tawhito", date(2021, 9, 25)),)},
    )
    archive = Kept([small_edition()], release, (Alias("ABC", 55, "its website"),))
    return Snapshots(archive, today=lambda: TODAY).current()


def test_a_school_is_found_by_the_name_that_an_earlier_release_had_and_says_so():
    finding = find("kura tawhito", world=renamed_world())
    assert (finding.answer.status, codes(finding)) == (Status.RESOLVED, [AHI])
    assert notices(finding)[0] == "renamed"
    assert finding.answer.notices[0].text == (
        "It is called Kura o Ahi now; until the release of 25 September 2021 it was Kura Tawhito."
    )


def test_a_school_is_found_by_what_people_call_it():
    finding = find("abc", world=renamed_world())
    assert [match.named.schools[0].school_id for match in finding.matches] == [55]
    assert finding.is_worded_otherwise


def test_another_school_of_the_name_is_said_beside_the_one_that_is_called_just_so():
    schools = {
        1: School(1, "Twin School", place=IN_AHI, city="Ahitown"),
        2: School(2, "Twin School (Kowhai)", place=IN_KOWHAI, city="Kōwhai"),
    }
    finding = find("twin school", world=world(schools=schools))
    assert (codes(finding), [each.name for each in finding.also]) == (
        [AHI],
        ["Twin School (Kowhai)"],
    )
    assert notices(finding) == ["also-named"]


def test_a_school_that_is_gone_leaves_its_name_to_the_one_that_is_there_now():
    closed = {"last_seen": date(2021, 9, 25), "status": SchoolStatus.CLOSED}
    gone = replace(small_schools()[54], school_id=999, **closed)
    release = replace(small_release(schools=small_schools()), former={999: gone})
    where = Snapshots(Kept([small_edition()], release), today=lambda: TODAY).current()
    assert [m.named.schools[0].school_id for m in find("Kura o Ahi", world=where).matches] == [54]


# --- texts that are too long ----------------------------------------------------------------------


def test_of_a_text_that_is_cut_nothing_is_named_wholly():
    finding = find("Kura o Ahi" + " kura o ahi" * 30)
    assert finding.match is MatchKind.PART
    assert notices(finding)[0] == "text-cut"


# --- catchments, regions, providers ---------------------------------------------------------------


def test_a_provider_is_answered_with_all_that_it_serves():
    finding = find("Ngā Rākau")
    assert finding.the_one is not None
    assert finding.the_one.kind is PlaceKind.PROVIDER
    assert len(codes(finding)) > 1
    assert finding.answer.status is Status.AMBIGUOUS


def test_a_place_is_answered_for_and_not_the_catchment_of_its_name():
    schools = {1: School(1, "Area School", place=IN_AHI, city="Ahi")}
    finding = find("ahi", world=world(schools=schools))
    assert [match.named.kind for match in finding.matches] == [PlaceKind.TOWN]


def test_a_catchment_elsewhere_of_a_places_name_is_asked_about():
    schools = {1: School(1, "Area School", place=IN_KOWHAI, city="Ahi")}
    finding = find("ahi", world=world(schools=schools))
    assert finding.answer.status is Status.AMBIGUOUS
    assert sorted(codes(finding)) == [AHI, KOWHAI]

"""What a draft is made of: changes that apply and undo, what differs, what stands in the way."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from catchments.changes.change import apply_all
from catchments.changes.comparison import Comparison, compare, schools_moved
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.changes.naming import NAMED_AT_MOST
from catchments.changes.publication_checks import blocks
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import (
    NOT_STATED,
    Answer,
    Basis,
    Candidate,
    Catchment,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
    Status,
)
from catchments.geometry.tiling.coverage import CoverageFault


def source(kind, title="Real", *, demonstration=False, **fields):
    base = Source(kind, title, "Ministry", "CC BY 4.0", "2026-06-01", "0" * 64)
    return replace(base, demonstration=demonstration, **fields)


BOUNDARY_SOURCE = source(SourceKind.BOUNDARIES)
PROVIDER_SOURCE = source(SourceKind.PROVIDERS)
LISTING_SOURCE = source(SourceKind.LISTINGS)
PROVISION_SOURCE = source(SourceKind.IN_SCHOOL_PROVISION)

KAITAIA = Catchment("K", "Kaitāia", "Tai Tokerau", "P1")
OPOTIKI = Catchment("O", "Ōpōtiki", "Bay of Plenty, Waiariki", "P2")
TAURANGA = Catchment("T", "Tauranga")
P1, P2, P3 = Provider("P1", "Pou Tahi"), Provider("P2", "Rua"), Provider("P3", "Toru")
SQUARE, BESIDE = box(174.0, -36.1, 174.1, -36.0), box(174.1, -36.1, 174.2, -36.0)

EDITION = Edition(
    catchments={"K": KAITAIA, "O": OPOTIKI},
    boundaries={"K": SQUARE, "O": BESIDE},
    providers={"P1": P1, "P2": P2},
    listings={1: "K", 2: "K", 3: "O"},
    unserved=frozenset({498}),
    in_school_provision={2: "12 students"},
    sources=(BOUNDARY_SOURCE, PROVIDER_SOURCE, LISTING_SOURCE, PROVISION_SOURCE),
    number=7,
    title="Base",
)


# --- new catchments -------------------------------------------------------------------------------


def test_new_catchments_replace_the_old_with_boundaries_and_source():
    tauranga = Catchment("T", "Tauranga", provider_code="P3")
    new = source(SourceKind.BOUNDARIES, "New")
    change = ReplaceCatchments({"T": tauranga}, {"T": SQUARE}, (new,), {"P3": P3}, True, True)
    after = change.apply(EDITION)
    assert after.catchments == {"T": tauranga}
    assert after.boundaries == {"T": SQUARE}
    assert after.providers == {"P1": P1, "P2": P2, "P3": P3}
    assert after.sources == (PROVIDER_SOURCE, LISTING_SOURCE, PROVISION_SOURCE, new)
    assert (after.overlaps_accepted, after.gaps_accepted) == (True, True)
    assert (after.unserved, after.in_school_provision) == (frozenset({498}), {2: "12 students"})


def test_listings_to_catchments_that_vanished_are_dropped_and_others_kept():
    change = ReplaceCatchments({"O": OPOTIKI}, {"O": SQUARE}, (BOUNDARY_SOURCE,))
    assert change.apply(EDITION).listings == {3: "O"}


@pytest.mark.parametrize(
    ("new_code", "expected"), [(None, "P1"), ("", "P1"), ("P2", "P2")], ids=["none", "", "other"]
)
def test_a_catchment_keeps_its_provider_unless_the_file_names_one(new_code, expected):
    renamed = Catchment("K", "Far North", provider_code=new_code)
    change = ReplaceCatchments({"K": renamed}, {"K": SQUARE}, (BOUNDARY_SOURCE,))
    after = change.apply(EDITION).catchments["K"]
    assert (after.name, after.provider_code) == ("Far North", expected)


def test_a_new_catchment_without_a_provider_has_none():
    change = ReplaceCatchments({"T": Catchment("T", "Tauranga")}, {}, (BOUNDARY_SOURCE,))
    assert change.apply(EDITION).catchments["T"].provider_code is None


def test_accepting_overlaps_once_is_not_accepting_them_for_good():
    accepting = ReplaceCatchments(EDITION.catchments, {}, (), overlaps_accepted=True)
    plain = ReplaceCatchments(EDITION.catchments, {}, ())
    assert accepting.apply(EDITION).overlaps_accepted
    assert not apply_all(EDITION, [accepting, plain]).overlaps_accepted


# --- new providers --------------------------------------------------------------------------------


def test_new_providers_replace_the_old_and_leave_the_rest():
    new = source(SourceKind.PROVIDERS, "New")
    after = ReplaceProviders({"P3": P3}, new).apply(EDITION)
    assert after.providers == {"P3": P3}
    assert after.sources == (BOUNDARY_SOURCE, LISTING_SOURCE, PROVISION_SOURCE, new)
    assert (after.catchments, after.listings) == (EDITION.catchments, EDITION.listings)


@pytest.mark.parametrize(
    "text", ["K", "k", " K ", "Kaitāia", "Kaitaia", "KAITAIA", "kaita\u0304ia", "Kaitāia."]
)
def test_a_provider_is_assigned_by_code_or_by_name_however_it_is_spelt(text):
    change = ReplaceProviders({"P2": P2, "P3": P3}, PROVIDER_SOURCE, {text: "P3"})
    after = change.apply(EDITION)
    assert {code: c.provider_code for code, c in after.catchments.items()} == {
        "K": "P3",
        "O": "P2",
    }


def test_one_provider_may_have_several_catchments():
    change = ReplaceProviders({"P3": P3}, PROVIDER_SOURCE, {"Kaitaia": "P3", "Opotiki": "P3"})
    assert {c.provider_code for c in change.apply(EDITION).catchments.values()} == {"P3"}


@pytest.mark.parametrize("text", ["Tauranga", "", "{{7*191}}", "x" * 300])
def test_a_provider_for_an_unknown_catchment_does_not_fit(text):
    with pytest.raises(ChangeDoesNotFit) as refused:
        ReplaceProviders({}, PROVIDER_SOURCE, {text: "P3"}).apply(EDITION)
    quoted = f"“{text}”" if len(text) <= 80 else f"“{'x' * 80}…”"
    assert refused.value.problem == (
        f"The provider file speaks of a catchment {quoted}, which the edition lacks."
    )
    assert refused.value.allowed == "It has 2 catchments."
    assert refused.value.next_step == (
        "Correct the name in the file, or import the catchments first."
    )


def test_a_catchment_whose_name_is_its_code_counts_once():
    edition = Edition(catchments={"Kaitaia": Catchment("Kaitaia", "Kaitāia")})
    with pytest.raises(ChangeDoesNotFit, match=r"It has 1 catchments\."):
        ReplaceProviders({}, PROVIDER_SOURCE, {"Tauranga": "P3"}).apply(edition)


TWINS = {"C1": Catchment("C1", "Central"), "C2": Catchment("C2", "Céntral")}


def test_a_name_of_two_catchments_is_refused_and_not_given_to_one_of_them():
    with pytest.raises(ChangeDoesNotFit) as refused:
        ReplaceProviders({}, PROVIDER_SOURCE, {"Central": "P3"}).apply(Edition(TWINS))
    assert str(refused.value) == (
        "The provider file speaks of a catchment “Central”, and 2 are called so: “C1”, “C2”. "
        "Give the catchment's code in the file instead of its name."
    )


def test_catchments_of_one_name_are_assigned_by_code():
    change = ReplaceProviders({}, PROVIDER_SOURCE, {"C1": "P1", "C2": "P2"})
    assert [c.provider_code for c in change.apply(Edition(TWINS)).catchments.values()] == [
        "P1",
        "P2",
    ]


def test_a_code_is_meant_before_a_name_that_reads_the_same():
    tricky = {"Bay": Catchment("Bay", "Hills"), "H": Catchment("H", "Bay")}
    after = ReplaceProviders({}, PROVIDER_SOURCE, {"bay": "P1"}).apply(Edition(tricky))
    assert {code: c.provider_code for code, c in after.catchments.items()} == {
        "Bay": "P1",
        "H": None,
    }


# --- new listings ---------------------------------------------------------------------------------


def test_a_new_list_replaces_the_old_with_its_unserved_and_source():
    new = source(SourceKind.LISTINGS, "New")
    after = ReplaceListings({9: "O"}, new, frozenset({472})).apply(EDITION)
    assert after.listings == {9: "O"}
    assert after.unserved == frozenset({472})
    assert after.in_school_provision == {2: "12 students"}
    assert after.sources == (BOUNDARY_SOURCE, PROVIDER_SOURCE, PROVISION_SOURCE, new)


def test_a_list_with_in_school_provision_replaces_that_and_its_source_too():
    new = source(SourceKind.LISTINGS, "New")
    after = ReplaceListings({9: "O"}, new, in_school_provision={9: "5"}).apply(EDITION)
    assert after.in_school_provision == {9: "5"}
    assert after.sources == (BOUNDARY_SOURCE, PROVIDER_SOURCE, new)


def test_a_file_of_in_school_provision_alone_leaves_every_listing_where_it_is():
    new = source(SourceKind.IN_SCHOOL_PROVISION, "New")
    after = ReplaceListings({}, new, in_school_provision={9: "5"}).apply(EDITION)
    assert after.in_school_provision == {9: "5"}
    assert (after.listings, after.unserved) == (EDITION.listings, EDITION.unserved)
    assert after.sources == (BOUNDARY_SOURCE, PROVIDER_SOURCE, LISTING_SOURCE, new)


def test_a_list_that_speaks_of_unknown_catchments_does_not_fit_and_names_them():
    with pytest.raises(ChangeDoesNotFit) as refused:
        ReplaceListings({1: "K", 2: "Z", 3: "Y"}, LISTING_SOURCE).apply(EDITION)
    assert str(refused.value) == (
        "The list speaks of catchments that the edition lacks: “Y”, “Z”. "
        "Import the catchments first, or correct the list."
    )


@pytest.mark.parametrize(("count", "ending"), [(10, "“Z09”."), (11, "“Z09” and 1 more.")])
def test_no_more_than_ten_are_named_and_the_rest_counted(count, ending):
    unknown = {n: f"Z{n:02}" for n in range(count)}
    with pytest.raises(ChangeDoesNotFit) as refused:
        ReplaceListings(unknown, LISTING_SOURCE).apply(EDITION)
    assert refused.value.problem.endswith(ending)
    assert refused.value.problem.count("“") == NAMED_AT_MOST


# --- laws -----------------------------------------------------------------------------------------

CODES = st.sampled_from(["K", "O", "T", "W"])
PROVIDER_CODES = st.sampled_from(["P1", "P2", "P3"])
SHAPES = st.sampled_from([SQUARE, BESIDE, box(175, -37, 176, -36)])


@st.composite
def catchment_changes(draw):
    codes = draw(st.sets(CODES))
    named = {
        c: Catchment(c, draw(st.text(max_size=5)), "", draw(st.none() | PROVIDER_CODES))
        for c in codes
    }
    shapes = {c: draw(SHAPES) for c in codes}
    providers = {p: Provider(p, draw(st.text(max_size=5))) for p in draw(st.sets(PROVIDER_CODES))}
    return ReplaceCatchments(named, shapes, (BOUNDARY_SOURCE,), providers, *draw(TWO_FLAGS))


TWO_FLAGS = st.tuples(st.booleans(), st.booleans())
PROVIDER_CHANGES = st.builds(
    ReplaceProviders,
    st.dictionaries(PROVIDER_CODES, st.builds(Provider, PROVIDER_CODES, st.text(max_size=5))),
    st.just(PROVIDER_SOURCE),
    st.dictionaries(CODES, PROVIDER_CODES, max_size=2),
)
SCHOOL_IDS = st.integers(1, 6)
LISTING_CHANGES = st.builds(
    ReplaceListings,
    st.dictionaries(SCHOOL_IDS, CODES, max_size=4),
    st.just(LISTING_SOURCE),
    st.frozensets(SCHOOL_IDS, max_size=2),
    st.none() | st.dictionaries(SCHOOL_IDS, st.text(max_size=5), max_size=3),
)
CHANGES = st.one_of(catchment_changes(), PROVIDER_CHANGES, LISTING_CHANGES)


def fitting(base, changes):
    """Return those changes that fit, in order."""
    kept = []
    for change in changes:
        try:
            base = change.apply(base)
        except ChangeDoesNotFit:
            continue
        kept.append(change)
    return kept


@given(st.lists(CHANGES, max_size=5))
def test_applying_all_is_applying_one_after_another(changes):
    changes = fitting(EDITION, changes)
    edition = EDITION
    for change in changes:
        edition = change.apply(edition)
    assert apply_all(EDITION, changes) == edition


@given(st.lists(CHANGES, min_size=1, max_size=5))
def test_dropping_the_last_change_gives_what_was_before_it(changes):
    *earlier, last = fitting(EDITION, changes) or [ReplaceProviders({}, PROVIDER_SOURCE)]
    before = apply_all(EDITION, earlier)
    kept = {field.name: getattr(before, field.name) for field in fields(before)}
    copies = {n: dict(v) if isinstance(v, dict) else v for n, v in kept.items()}
    last.apply(before)  # must alter nothing of what it was given
    assert {field.name: getattr(before, field.name) for field in fields(before)} == copies
    assert apply_all(EDITION, [*earlier, last][:-1]) == before


@given(st.lists(CHANGES, max_size=4))
def test_an_edition_does_not_differ_from_itself(changes):
    edition = apply_all(EDITION, fitting(EDITION, changes))
    assert not compare(edition, edition)
    assert compare(edition, edition) == Comparison(*[()] * 9)


@given(st.lists(CHANGES, max_size=3), st.lists(CHANGES, max_size=3))
def test_differences_read_backwards_are_the_same_with_added_and_removed_exchanged(some, others):
    one = apply_all(EDITION, fitting(EDITION, some))
    other = apply_all(EDITION, fitting(EDITION, others))
    there, back = compare(one, other), compare(other, one)
    assert back == replace(
        there,
        catchments_added=there.catchments_removed,
        catchments_removed=there.catchments_added,
        providers_added=there.providers_removed,
        providers_removed=there.providers_added,
    )


# --- comparing ------------------------------------------------------------------------------------

NOTHING = compare(EDITION, EDITION)


@pytest.mark.parametrize(
    ("altered", "expected"),
    [
        ({"catchments": {**EDITION.catchments, "T": TAURANGA}}, {"catchments_added": "T"}),
        ({"catchments": {"K": KAITAIA}}, {"catchments_removed": "O"}),
        *(
            ({"catchments": {**EDITION.catchments, "K": new}}, {"catchments_changed": "K"})
            for new in (
                replace(KAITAIA, name="N"),
                replace(KAITAIA, education_region="Waikato"),
                replace(KAITAIA, provider_code="P2"),
            )
        ),
        (
            {"boundaries": {"K": SQUARE, "O": SQUARE}},
            {"boundaries_changed": "O", "boundaries_touched": "O"},
        ),
        ({"providers": {"P1": P1, "P2": P2, "P3": P3}}, {"providers_added": ["P3"]}),
        ({"providers": {"P2": P2}}, {"providers_removed": ["P1"]}),
        ({"providers": {"P1": replace(P1, phone="0"), "P2": P2}}, {"providers_changed": ["P1"]}),
        ({"listings": {1: "O", 2: "K", 3: "O"}}, {"listings_changed": [1]}),
        ({"listings": {1: "K", 2: "K"}}, {"listings_changed": [3]}),
        ({"listings": {**EDITION.listings, 10: "K", 9: "O"}}, {"listings_changed": [9, 10]}),
        ({"unserved": frozenset()}, {"listings_changed": [498]}),
        ({"unserved": frozenset({498, 472})}, {"listings_changed": [472]}),
        ({"title": "Other", "number": 8, "reason": "Because"}, {}),
    ],
)  # fmt: skip
def test_comparing_finds_exactly_what_was_altered(altered, expected):
    found = compare(EDITION, replace(EDITION, **altered))
    assert found == replace(NOTHING, **{name: tuple(value) for name, value in expected.items()})
    assert bool(found) is bool(expected)


def test_a_boundary_gained_or_lost_is_a_boundary_changed():
    without = replace(EDITION, boundaries={"K": SQUARE})
    changed = replace(NOTHING, boundaries_changed=("O",), boundaries_touched=("O",))
    assert compare(without, EDITION) == compare(EDITION, without) == changed


def test_the_boundary_of_a_new_catchment_is_no_change_beside_it():
    after = replace(
        EDITION,
        catchments={**EDITION.catchments, "T": TAURANGA},
        boundaries={**EDITION.boundaries, "T": box(175, -37, 176, -36)},
    )
    assert compare(EDITION, after) == replace(NOTHING, catchments_added=("T",))


def answered(school_id, provider, **more):
    school = School(school_id, f"School {school_id}")
    return Answer(Status.RESOLVED, "", school=school, provider=provider, **more)


def test_a_school_has_moved_when_its_provider_differs():
    before = {n: answered(n, P1) for n in (3, 2, 1)} | {4: answered(4, None), 5: answered(5, P1)}
    after = {1: answered(1, P1), 3: answered(3, P2), 2: answered(2, None), 4: answered(4, P2)}
    assert [(s.school_id, old, new) for s, old, new in schools_moved(before, after)] == [
        (2, P1, None),
        (3, P1, P2),
        (4, None, P2),
    ]
    assert schools_moved(before, before) == []
    reached = {1: answered(1, replace(P1, phone="0800 999 999"))}
    assert schools_moved({1: before[1]}, reached) == []


# --- what forbids publishing ----------------------------------------------------------------------


def faultless_answers():
    return {n: answered(n, P1, catchment=KAITAIA, basis=Basis.LISTED) for n in (1, 2, 3)}


def reasons(answers=None, faults=(), **altered):
    edition = replace(EDITION, **altered)
    found = blocks(edition, faultless_answers() if answers is None else answers, faults)
    return [concern.sentence for concern in found]


def test_nothing_forbids_a_whole_edition():
    assert reasons() == []


def test_an_edition_without_catchments_is_refused():
    [concern] = blocks(Edition(), {}, [])
    assert concern.sentence == "The draft has no catchments."


@pytest.mark.parametrize("code", [None, "", "P9"], ids=["none", "empty", "unknown"])
def test_a_catchment_without_a_known_provider_is_named(code):
    lacking = {"K": replace(KAITAIA, provider_code=code), "O": OPOTIKI}
    assert reasons(catchments=lacking) == ["The catchment Kaitāia (K) has no provider."]


def test_a_catchment_with_neither_boundary_nor_school_is_named():
    assert reasons(boundaries={"K": SQUARE}) == []  # O has a listed school
    assert reasons(boundaries={"K": SQUARE}, listings={1: "K"}) == [
        "The catchment Ōpōtiki (O) has neither a boundary nor a listed school."
    ]


UNREACHED = "School 9 Te Kura reaches no catchment: it is not listed and"


def unreached(status=Status.UNRESOLVED, school_status=SchoolStatus.OPEN, place=None, **more):
    school = School(9, "Te Kura", school_status, place)
    return {9: Answer(status, "", school=school, place=place, **more)}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            unreached(),
            f"{UNREACHED} it has no recorded place.",
        ),
        (
            unreached(place=Place(170.0, -45.0)),
            f"{UNREACHED} it lies outside all of them.",
        ),
        (
            unreached(
                Status.AMBIGUOUS, candidates=(Candidate(KAITAIA, P1), Candidate(OPOTIKI, P2))
            ),
            "School 9 Te Kura is in more than one catchment: Kaitāia and Ōpōtiki.",
        ),
    ],
)
def test_an_open_school_that_reaches_no_catchment_or_several_is_named(answers, sentence):
    assert reasons(answers) == [sentence]
    assert reasons(answers, overlaps_accepted=True, gaps_accepted=True) == [sentence]


@pytest.mark.parametrize("status", [SchoolStatus.PROPOSED, SchoolStatus.CLOSED])
def test_a_school_that_is_not_open_need_not_be_reached(status):
    assert reasons(unreached(school_status=status)) == []


def test_an_unserved_school_need_not_be_reached():
    assert reasons(unreached(), unserved=frozenset({9})) == []


def test_a_school_whose_catchment_lacks_a_provider_is_not_named_beside_it():
    assert reasons(unreached(catchment=KAITAIA)) == []


OVERLAP = CoverageFault("overlap", ("K", "O"), 12_500.0, 80.0, Place(174.1, -36.05), False)
GAP = replace(OVERLAP, kind="gap")
INVALID = CoverageFault(
    "invalid", ("K",), 0.0, 0.0, Place(174.1, -36.05), False, reason="Self-intersection"
)


@pytest.mark.parametrize(
    ("fault", "accepting"),
    [(OVERLAP, "overlaps_accepted"), (GAP, "gaps_accepted"), (INVALID, None)],
    ids=["overlap", "gap", "invalid"],
)
def test_a_fault_of_the_coverage_is_told_with_names_unless_it_was_accepted(fault, accepting):
    sentence = fault.sentence({"K": "Kaitāia", "O": "Ōpōtiki"})
    assert "Kaitāia" in sentence
    assert reasons(faults=[fault]) == [f"The coverage is broken: {sentence}"]
    for flag in ("overlaps_accepted", "gaps_accepted"):
        told = reasons(faults=[fault], **{flag: True})
        assert bool(told) is (flag != accepting)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (SourceKind.BOUNDARIES, "The boundaries have no declared source."),
        (SourceKind.LISTINGS, "The listings have no declared source."),
    ],
)
def test_boundaries_and_listings_need_a_source(kind, sentence):
    assert reasons(sources=tuple(s for s in EDITION.sources if s.kind is not kind)) == [sentence]


def test_without_listings_no_source_of_listings_is_needed():
    assert reasons(listings={}, sources=(BOUNDARY_SOURCE,)) == []


@pytest.mark.parametrize(
    "lacking",
    [{"licence": ""}, {"licence": NOT_STATED}, {"authority": ""}, {"sha256": ""}],
    ids=str,
)
def test_a_source_must_have_authority_licence_and_checksum(lacking):
    undeclared = replace(LISTING_SOURCE, title="Lists", **lacking)
    (told,) = reasons(sources=(BOUNDARY_SOURCE, undeclared))
    assert told == (
        "The source “Lists” lacks its authority, its licence or its checksum: import it again, "
        "and give its authority and its licence."
    )


def test_every_reason_is_told_at_once():
    told = reasons(
        unreached(),
        [OVERLAP],
        catchments={"K": replace(KAITAIA, provider_code=None), "O": OPOTIKI},
        boundaries={"K": SQUARE},
        listings={},
        sources=(),
    )
    assert [sentence.split(" ")[:3] for sentence in told] == [
        ["The", "catchment", "Kaitāia"],
        ["The", "catchment", "Ōpōtiki"],
        ["School", "9", "Te"],
        ["The", "coverage", "is"],
        ["The", "boundaries", "have"],
    ]


@pytest.mark.parametrize("name", ["{{7*191}}", "{}", "{0}", "%s"])
def test_hostile_names_stand_in_reasons_as_they_are_written(name):
    hostile = {"K": replace(KAITAIA, name=name, provider_code=None), "O": OPOTIKI}
    assert reasons(catchments=hostile) == [f"The catchment {name} (K) has no provider."]


# --- dates and demonstration ----------------------------------------------------------------------


DEMONSTRATION = replace(
    EDITION, sources=tuple(replace(s, demonstration=True) for s in EDITION.sources)
)
REAL_CHANGES = [
    ReplaceCatchments({"K": KAITAIA}, {"K": SQUARE}, (BOUNDARY_SOURCE,)),
    ReplaceProviders({"P1": P1}, PROVIDER_SOURCE),
    ReplaceListings({1: "K"}, LISTING_SOURCE, in_school_provision={}),
]


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_an_edition_is_a_demonstration_as_long_as_any_part_of_it_is(left_out):
    assert DEMONSTRATION.demonstration
    changes = [c for n, c in enumerate(REAL_CHANGES) if n != left_out]
    assert apply_all(DEMONSTRATION, changes).demonstration
    assert not apply_all(DEMONSTRATION, REAL_CHANGES).demonstration


def test_made_up_in_school_provision_keeps_an_edition_a_demonstration():
    listings = ReplaceListings({1: "K"}, LISTING_SOURCE)
    assert apply_all(DEMONSTRATION, [*REAL_CHANGES[:2], listings]).demonstration


@pytest.mark.parametrize("kind", list(SourceKind))
def test_a_real_edition_with_one_made_up_source_is_a_demonstration(kind):
    made_up = source(kind, demonstration=True)
    assert not EDITION.demonstration
    assert replace(EDITION, sources=(*EDITION.sources, made_up)).demonstration


def test_a_changed_note_on_in_school_provision_is_a_difference():
    before = replace(EDITION, in_school_provision={1: "a note", 2: "kept", 3: "lost"})
    after = replace(EDITION, in_school_provision={1: "another note", 2: "kept", 4: "gained"})
    assert compare(before, after).in_school_provision_changed == (1, 3, 4)

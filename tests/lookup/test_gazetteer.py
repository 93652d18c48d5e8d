"""What a text that somebody types may mean, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.core.model import MatchKind, PlaceKind, School, SchoolStatus
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.search.typed_text import TypedText
from tests.laws import examples
from tests.worlds import HOSTILE

OPEN, PROPOSED, CLOSED = SchoolStatus.OPEN, SchoolStatus.PROPOSED, SchoolStatus.CLOSED

SCHOOLS = [
    School(54, "Te Kura o Te Kao", city="Te Kao", org_type="Full Primary"),
    School(3, "Kaitaia College", city="Kaitāia", org_type="Secondary (Year 9-15)"),
    School(1025, "Kaitaia Intermediate", city="Kaitāia", org_type="Intermediate"),
    School(1026, "Kaitaia School", city="Kaitāia", org_type="Contributing"),
    School(1055, "Ngataki School", suburb="Ngataki", city="Kaitaia", org_type="Full Primary"),
    School(88, "Ōtāhuhu College", suburb="Ōtāhuhu", city="Auckland"),
    School(1409, "Otahuhu School", suburb="Otahuhu", city="Auckland", org_type="Contributing"),
    School(89, "King's College", suburb="Ōtāhuhu", city="Auckland"),
    School(540, "Kia Ora Intermediate", suburb="Kia Ora", city="Oamaru", org_type="Intermediate"),
    School(3825, "St Joseph's School", city="Oamaru"),
    School(1950, "St Joseph’s School", city="Ōpōtiki"),
    School(1488, "Saint Joseph's Catholic School", suburb="Mount Eden", city="Auckland"),
    School(1378, "Mt Eden Normal School", suburb="Mount Eden", city="Auckland"),
    School(1441, "Pt England School", suburb="Panmure", city="Auckland"),
    School(3803, "Port Chalmers School", city="Port Chalmers"),
    School(5400, "TKKM o Hoani Waititi", suburb="Glen Eden", city="Auckland"),
    School(737, "Te Kura Kaupapa Māori o Horouta", city="Gisborne"),
    School(5, "Kerikeri High School", city="Kerikeri"),
    School(2665, "Queen Street School", city="Napier"),
    School(3734, "Oamaru North School", city="Oamaru"),
    School(498, "Te Aho o Te Kura Pounamu", org_type="Correspondence School"),
    School(541, "Awanui School", status=CLOSED, city="Awanui"),
    School(542, "Awanui School", status=PROPOSED, city="Awanui"),
    School(543, "Awanui School", city="Awanui"),
    School(9, "{{7*191}} School", city="%s"),
]
FORMER = [
    School(5499, "Oamaru South School", status=CLOSED, city="Oamaru"),
    School(7, "Kaitaia Native School", status=CLOSED, city="Kaitaia"),
    School(88, "Another Name for Otahuhu College"),  # its number is in the directory
]
GAZETTEER = Gazetteer.of(SCHOOLS, former=FORMER)


def found(text: str, at_most: int = 50, gazetteer: Gazetteer = GAZETTEER) -> list[int | str]:
    """The number of each school, the name and town of each place."""
    return [
        each.schools[0].school_id
        if each.kind is PlaceKind.SCHOOL
        else ", ".join(filter(None, [each.name, each.within]))
        for each in gazetteer.candidates(TypedText.of(text), at_most=at_most)
    ]


# --- the texts of the issue -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("otahuhu", "Ōtāhuhu, Auckland"),
        ("Ōtāhuhu", "Ōtāhuhu, Auckland"),
        ("otahuhu col", 88),
        ("ŌTĀHUHU COLLEGE", 88),
        ("ota\u0304huhu coll", 88),
        ("college otahuhu", 88),
        ("otahuhu colege", 88),
        ("otahuhi college", 88),
        ("otahuhu clolege", 88),
        ("otahuhucollege", 88),
        ("otahuhucol", 88),
        ("ota huhu college", 88),
        ("otahuhuc ollege", 88),
        ("St Josephs", 1488),
        ("saint joseph's oamaru", 3825),
        ("Oamaru, St Joseph’s", 3825),
        ("st joseph's opotiki", 1950),
        ("54", 54),
        ("#54", 54),
        (" no. 54 ", 54),
        ("school 54", 54),
        ("kura o te kao", 54),
        ("Kura o te kaou", 54),
        ("tkkm", 737),
        ("TKKM hoani", 5400),
        ("te kura kaupapa maori o hoani", 5400),
        ("te kura kaup", 737),
        ("tkkmo horouta", 737),
        ("kia ora int", 540),
        ("kia ora intermediate school", 540),  # no name ends so
        ("kai taia college", 3),
        ("kaitaia coll", 3),
        ("kaitaia int", 1025),
        ("mount eden normal", 1378),
        ("mt eden normal sch", 1378),
        ("point england", 1441),
        ("pt chalmers", "Port Chalmers"),
        ("kerikeri hs", 5),
        ("kerikeri high sch", 5),
        ("queen st school", 2665),
        ("queen st", 2665),
        ("oamaru nth", 3734),
        ("correspondence school", 498),
        ("te aho o te kura", 498),
        ("{{7*191}}", 9),
    ],
)
def test_what_a_person_types_finds_first_what_they_mean(text, first):
    assert found(text)[:1] == [first]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The whole name, the town, names that begin so, others with it, others in it, former ones.
        ("oamaru", ["Oamaru", 3734, 540, 3825, 5499]),
        ("kaitaia", ["Kaitāia", 3, 1025, 1026, 1055, 7]),
        ("kaitaia school", [1026, 3, 1025, 1055, 7]),
        ("kaita", [3, 1025, 1026, "Kaitāia", 1055, 7]),
        # A suburb is meant by its own words, not by its town's alone; names before what is there.
        ("otahuhu auckland", ["Ōtāhuhu, Auckland", 88, 1409, 89]),
        ("ota auck", ["Ōtāhuhu, Auckland", 88, 1409, 89]),
        ("auckland", ["Auckland", 89, 1378, 88, 1409, 1441, 1488, 5400]),
        ("mt eden", ["Mount Eden, Auckland", 1378, 1488]),
        ("eden", [1378, "Glen Eden, Auckland", "Mount Eden, Auckland", 1488, 5400]),
        # Whole words before half-typed ones; of one name, open, proposed, closed.
        ("te kao", ["Te Kao", 54]),
        ("port", [3803, "Port Chalmers"]),
        ("pt", [3803, 1441, "Port Chalmers"]),
        ("awanui", ["Awanui", 543, 542, 541]),
        ("awanui school", [543, 542, 541]),
        # Namesakes by town.
        ("st josephs school", [3825, 1950, 1488]),
        ("st josephs", [1488, 3825, 1950]),
        # What kind of school it is counts where its name does not say so.
        ("kaitaia primary", [1026, 1055]),
        ("kaitaia secondary", [3]),
        ("ngataki primary school", [1055]),
        # Number and name together, as a page shows them.
        ("St Joseph's School, Oamaru, school 3825", [3825]),
        ("kaitaia school 1026", [1026]),
        ("kaitaia college 5400", [3]),  # no number of theirs, so a postcode
        ("kaitaia college 54", []),
        ("kaitaia college 03", []),
        # What stands after a town in an address.
        ("kaitaia college, kaitaia 0410", [3]),
        ("Kaitaia, New Zealand", ["Kaitāia", 3, 1025, 1026, 1055, 7]),
        # Nothing.
        ("kaitaia nowhere", []),
        ("kaitaia colxxge", []),
        ("aitaia college", [3]),  # one letter too few
        ("itaia college", []),
        ("12 high st kaitaia", []),
        ("", []),
        ("  -- ", []),
        ("学校", []),
        ("\0", []),
        ("new zealand", []),
    ],
)
def test_candidates_come_in_the_order_a_reader_expects(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        # A half-typed word counts in each of its forms.
        ("sai", ["A Saint School", "St Zed School"], [2, 1]),
        ("a sai", ["A Big Saint School", "A St Bede School"], [2, 1]),
        # “pt” stands for two words, but these are two.
        ("point hill school", ["Port Hill School", "Pt Hill School"], [2]),
        ("pt hill school", ["Port Hill School", "Pt Hill School"], [1, 2]),
        # Whole words before half-typed ones.
        ("park hill", ["Abbey Hillside Park", "Zed Hill Park"], [2, 1]),
        ("kai", ["Kaitaia School", "The Kai School"], [2, 1]),
    ],
)
def test_names_come_in_the_order_a_reader_expects(text, names, expected):
    gazetteer = Gazetteer.of(School(at, name) for at, name in enumerate(names, start=1))
    assert found(text, gazetteer=gazetteer) == expected


def test_a_whole_word_comes_before_a_half_typed_one_even_of_a_closed_school():
    gazetteer = Gazetteer.of([School(1, "Kaitaia School"), School(2, "Kai School", status=CLOSED)])
    assert found("kai", gazetteer=gazetteer) == [2, 1]


def test_a_whole_name_with_its_town_comes_before_a_longer_name():
    schools = [School(1, "Awa School", city="Kai"), School(2, "Awa School Kai Annex")]
    assert found("awa school kai", gazetteer=Gazetteer.of(schools)) == [1, 2]


def test_whole_words_of_name_and_town_come_before_half_typed_ones():
    schools = [School(1, "Awahou School", city="Kai"), School(2, "Zed Awa School", city="Kai")]
    assert found("awa kai", gazetteer=Gazetteer.of(schools)) == [2, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("54", [54, 540, 541, 542, 543, 5400, 5499]),
        ("#54", [54, 540, 541, 542, 543, 5400, 5499]),
        ("5", [5, 54, 540, 541, 542, 543, 5400, 5499]),
        ("school 54", [54]),
        ("54 000", []),
        ("6", []),
        ("5499", [5499]),  # a former school
        ("7", [7, 737, 9]),  # then a name with the number in it
        ("88", [88]),
    ],
)
def test_a_number_means_its_school_then_those_whose_number_begins_so(text, expected):
    assert found(text) == expected


def test_a_number_that_a_former_school_had_comes_before_all_that_begin_so():
    gazetteer = Gazetteer.of([School(540, "A"), School(541, "B")], former=[School(54, "C")])
    assert found("54", gazetteer=gazetteer) == [54, 540, 541]


def test_a_former_school_whose_number_begins_so_comes_after_all_others():
    gazetteer = Gazetteer.of([School(541, "B"), School(540, "A")], former=[School(54, "C")])
    assert found("5", gazetteer=gazetteer) == [540, 541, 54]


# --- what is found --------------------------------------------------------------------------------


def test_a_school_is_told_from_its_namesakes_by_suburb_and_town():
    withins = {
        each.schools[0].school_id: each.within
        for school in SCHOOLS
        for each in GAZETTEER.candidates(TypedText.of(str(school.school_id)), at_most=1)
    }
    assert withins[1409] == "Otahuhu, Auckland"
    assert withins[3825] == "Oamaru"
    assert withins[498] == ""


def test_a_suburb_called_as_its_town_is_not_said_twice():
    (named,) = Gazetteer.of([School(1, "X School", suburb="Kaitaia", city="Kaitāia")]).candidates(
        TypedText.of("x school"), at_most=1
    )
    assert named.within == "Kaitāia"


def test_a_suburb_alone_says_where_a_school_is():
    (named,) = Gazetteer.of([School(1, "X School", suburb="Otara")]).candidates(
        TypedText.of("1"), at_most=1
    )
    assert named.within == "Otara"


def test_a_town_has_all_its_schools_that_are_open_or_proposed():
    (town,) = GAZETTEER.candidates(TypedText.of("awanui"), at_most=1)
    assert (town.kind, town.name, town.within) == (PlaceKind.TOWN, "Awanui", "")
    assert [school.school_id for school in town.schools] == [543, 542]


def test_a_suburb_has_its_schools_however_they_spell_it():
    (suburb,) = GAZETTEER.candidates(TypedText.of("otahuhu"), at_most=1)
    assert (suburb.kind, suburb.name, suburb.within) == (PlaceKind.SUBURB, "Ōtāhuhu", "Auckland")
    assert [school.school_id for school in suburb.schools] == [89, 88, 1409]


# --- slips ----------------------------------------------------------------------------------------


def test_a_slip_is_forgiven_only_where_nothing_is_found_without_one():
    gazetteer = Gazetteer.of([School(1, "Mana School"), School(2, "Manu School")])
    assert found("mana", gazetteer=gazetteer) == [1]
    assert found("mani", gazetteer=gazetteer) == [1, 2]


@pytest.mark.parametrize("text", ["kso kura", "tx kura", "oax"])
def test_in_a_short_word_no_slip_is_forgiven(text):
    assert found(text) == []


def test_in_a_whole_name_a_slip_is_forgiven_even_in_a_short_word():
    assert found("te kura o te kap") == [54]


def test_a_slip_in_a_whole_word_comes_before_one_in_a_half_typed_word():
    gazetteer = Gazetteer.of([School(1, "Otara School"), School(2, "Otarama School")])
    assert found("otera", gazetteer=gazetteer) == [1, 2]
    assert found("otara", gazetteer=gazetteer) == [1, 2]
    assert found("oterama", gazetteer=gazetteer) == [2]
    assert found("oteram", gazetteer=gazetteer) == [2]


def test_a_half_typed_word_is_mended_only_where_no_whole_word_is():
    gazetteer = Gazetteer.of([School(1, "Otara School"), School(2, "Oterbury School")])
    assert found("otera", gazetteer=gazetteer) == [1]
    assert found("oterx", gazetteer=gazetteer) == [2]


def test_a_slip_that_leaves_a_schools_whole_name_means_that_school():
    assert found("otahuhu colege") == [88]
    assert found("otahuhi") == ["Ōtāhuhu, Auckland", 88, 1409, 89]


def test_a_number_is_never_taken_for_a_slip():
    assert found("54000") == []
    assert found("{{7*192}}") == []


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_most", [0, 1, 2, 100])
def test_no_more_candidates_come_than_were_asked_for(at_most):
    whole = found("school", at_most=100)
    assert len(whole) > 20
    assert found("school", at_most=at_most) == whole[:at_most]


def test_a_text_of_any_length_is_looked_at_only_so_far():
    assert found("kaitaia " + " " * LONGEST_TEXT + "nowhere") == found("kaitaia")
    assert found("kaitaia " * 12 + "nowhere") != []


def test_a_directory_of_no_schools_finds_nothing():
    empty = Gazetteer.of([])
    assert found("kaitaia", gazetteer=empty) == []
    assert found("1", gazetteer=empty) == []
    assert empty.at_address(TypedText.of("1 high street"), at_most=5) == []
    assert empty.endings.of_text(TypedText.of("1 high street kaitaia")) == []


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "</script>",
        "' OR 1=1 --",
        "a" * 10_000_000,
        "ā" + "\u0304" * 5000,
        "\u0301" * 5000,
        "\u202e\u200fkaitaia",
        "kaitaia\0college",
        "🏫",
        "ﷺ" * 200,
        "te " * 200,
        "a b c d e f g h i j k l m n o p",
        "%s",
    ],
)
def test_hostile_text_is_a_text_like_any_other(text):
    for each in GAZETTEER.candidates(TypedText.of(text), at_most=5):
        assert replace(each, match=MatchKind.EXACT) in GAZETTEER.entries


def test_marks_that_cannot_be_seen_change_nothing():
    assert found("\u202eKaitaia\u200f") == found("kaitaia")
    assert found("kaitaia\0college") == found("kaitaia college")


# --- laws -----------------------------------------------------------------------------------------

LONG_WORDS = [
    (school, at)
    for school in SCHOOLS
    for at, word in enumerate(folded(school.name).split())
    if len(word) >= 5
]


@st.composite
def slipped_names(draw: st.DrawFn) -> tuple[int, str]:
    """A school's number, and its name with one slip in a word of five letters or more."""
    school, at = draw(st.sampled_from(LONG_WORDS))
    words = folded(school.name).split()
    word = words[at]
    place = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    before, here, after = word[:place], word[place], word[place + 1 :]
    words[at] = draw(
        st.sampled_from(
            [
                before + after,
                before + letter + here + after,
                before + letter + after,
                before + after[:1] + here + after[1:],
                before + here + " " + after,
            ]
        )
    )
    return school.school_id, " ".join(words)


@given(slipped_names())
@settings(max_examples=examples(300))
def test_a_name_with_any_one_slip_still_finds_its_school(slipped):
    number, text = slipped
    assert number in found(text)


@pytest.mark.parametrize("school", SCHOOLS, ids=lambda school: str(school.school_id))
def test_a_school_is_found_by_its_own_name_before_all_of_other_names(school):
    same = [s.school_id for s in SCHOOLS if folded(s.name) == folded(school.name)]
    assert school.school_id in found(school.name)[: len(same)]


@given(st.data())
def test_the_words_of_a_name_find_it_in_any_order(data):
    school = data.draw(st.sampled_from(SCHOOLS))
    words = data.draw(st.permutations(folded(school.name).split()))
    assert school.school_id in found(" ".join(words))


@given(st.data())
def test_any_beginning_of_a_name_finds_it(data):
    school = data.draw(st.sampled_from(SCHOOLS))
    name = folded(school.name)
    begun = name[: data.draw(st.integers(1, len(name)))]
    assert school.school_id in found(begun)


@given(st.data())
def test_name_and_town_find_a_school_in_any_order(data):
    school = data.draw(st.sampled_from(SCHOOLS))
    words = folded(f"{school.name} {school.suburb} {school.city}").split()
    assert school.school_id in found(" ".join(data.draw(st.permutations(words))))


TYPED = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            *("st", "te", "kura", "otahuhi", "col", "54", "1026", "0410", "nz", "new", "zealand"),
            *("kaitaia", "s", "o", "tkkm", "hs", "pt", "oamaruschool", "kai", "taia", "12", "/"),
        ]
    ),
    max_size=14,
).map(" ".join)


@given(TYPED)
def test_whatever_is_typed_each_candidate_comes_once_and_always_in_the_same_order(text):
    candidates = found(text)
    assert len(candidates) == len(set(candidates))
    assert found(text) == candidates
    assert found(text, at_most=3) == candidates[:3]


@given(TYPED)
def test_macrons_case_and_punctuation_make_no_difference(text):
    assert found(f" «{text.upper()}» ") == found(f" «{text}» ") or text.upper().lower() != text


@given(st.permutations(SCHOOLS))
@settings(max_examples=examples(10))
def test_the_order_of_a_directory_makes_no_difference(schools):
    gazetteer = Gazetteer.of(schools, former=FORMER)
    for text in ("school", "st", "54", "auckland", "kaitaja"):
        assert found(text, gazetteer=gazetteer) == found(text)

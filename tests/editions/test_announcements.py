"""What schools and providers are told of a publication."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from catchments.core.model import Provider
from catchments.editions.announcements import PROVIDER, SCHOOL, notices_of
from catchments.lookup.snapshot import Snapshot
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    next_edition,
    small_edition,
    small_release,
)

FROM = date(2026, 4, 1)


def real(edition):
    return Snapshot.of(edition, small_release(demonstration=False))


def told(before, after):
    """What is told when one edition follows another, by kind and recipient."""
    announcements = notices_of(real(before), real(after), effective_from=FROM)
    return {(each.recipient_kind, each.recipient): each for each in announcements}


def before():
    return small_edition(demonstration=False)


def after():
    return next_edition(FROM, demonstration=False)


def test_nobody_is_told_of_a_first_edition():
    assert notices_of(None, real(before()), effective_from=FROM) == []


def test_nobody_is_told_when_nothing_changes():
    assert told(before(), replace(before(), title="Another title")) == {}


def test_each_school_whose_provider_changes_is_told_and_both_providers_are():
    assert set(told(before(), after())) == {
        (SCHOOL, "55"),
        (SCHOOL, "58"),
        (SCHOOL, "60"),
        (PROVIDER, "P-AHI"),
        (PROVIDER, "P-RAKAU"),
    }


def test_a_school_is_told_what_changes_from_when_and_whom_to_call():
    text = told(before(), after())[SCHOOL, "55"].text
    for said in (
        "St Joseph's School (school 55)",
        "From 1 April 2026",
        "until then: Ngā Rākau.",
        "from then: Ahi Trust.",
        "Whom to call from 1 April 2026: Ahi Trust, 0800 000 000, kia@ahi.example.",
    ):
        assert said in text


def test_the_providers_are_told_of_catchments_and_schools_by_name():
    announced = told(before(), after())
    gains, loses = announced[PROVIDER, "P-AHI"].text, announced[PROVIDER, "P-RAKAU"].text
    assert "serve from then: 1\n- Kōwhai (KOW-2)" in gains
    assert (
        "come to you: 3\n- St Joseph's School (55), from Ngā Rākau\n"
        "- Shore School (58), from Ngā Rākau\n- New School (60), from Ngā Rākau"
    ) in gains
    assert "no longer serve: 1\n- Kōwhai (KOW-2)" in loses
    assert "go to another provider: 3\n- St Joseph's School (55), to Ahi Trust" in loses


def test_schools_and_providers_are_told_why_where_a_reason_is_given():
    snapshots = real(before()), real(after())
    given = notices_of(*snapshots, effective_from=FROM, reason=f" {HOSTILE} ")
    assert all(f"\n\nWhy: {HOSTILE}\n\n" in each.text for each in given)
    assert all("Why:" not in each.text for each in notices_of(*snapshots, effective_from=FROM))


def test_schools_and_their_provider_are_told_of_a_new_telephone_number():
    providers = {**before().providers, "P-AHI": Provider("P-AHI", "Ahi Trust", "0800 999 999")}
    announced = told(before(), replace(before(), providers=providers))
    assert (SCHOOL, "54") in announced
    assert "with new details: Ahi Trust, 0800 999 999." in announced[SCHOOL, "54"].text
    assert "0800 999 999" in announced[PROVIDER, "P-AHI"].text
    assert "until then: Ahi Trust, 0800 000 000" in announced[PROVIDER, "P-AHI"].text


def test_a_school_that_moves_to_another_catchment_of_its_provider_is_told():
    catchments = {**before().catchments}
    catchments[KOWHAI] = replace(catchments[KOWHAI], name="Kōwhai and Bridge")
    announced = told(before(), replace(before(), catchments=catchments))
    assert "was Kōwhai (KOW-2); from then it is Kōwhai and Bridge (KOW-2)" in (
        announced[SCHOOL, "55"].text
    )
    assert "Kōwhai (KOW-2) becomes Kōwhai and Bridge" in announced[PROVIDER, "P-RAKAU"].text


def test_a_school_without_a_provider_is_sent_to_the_regional_office():
    listings = {k: v for k, v in before().listings.items() if k != 54}
    unserved = before().unserved | {54}
    announced = told(before(), replace(before(), listings=listings, unserved=unserved))
    assert "ask your Ministry of Education regional office" in announced[SCHOOL, "54"].text


def test_closed_schools_are_told_nothing():
    assert (SCHOOL, "59") not in told(
        before(),
        replace(
            before(),
            catchments={
                **before().catchments,
                AHI: replace(before().catchments[AHI], provider_code="P-RIMU"),
            },
        ),
    )


def test_a_provider_that_comes_or_goes_is_told():
    new = {**before().providers, "P-NEW": Provider("P-NEW", "New Trust", email="n@new.example")}
    gone = {code: p for code, p in before().providers.items() if code != "P-REK"}
    came = told(before(), replace(before(), providers=new))[PROVIDER, "P-NEW"]
    went = told(before(), replace(before(), providers=gone))[PROVIDER, "P-REK"]
    assert "You are a new provider." in came.text
    assert came.email == "n@new.example"
    assert "no longer among the providers" in went.text
    assert HOSTILE in went.text


def test_schools_have_no_address_and_providers_theirs():
    announced = told(before(), after())
    assert announced[SCHOOL, "55"].email == ""
    assert announced[PROVIDER, "P-AHI"].email == "kia@ahi.example"
    assert announced[PROVIDER, "P-RAKAU"].email == ""


@pytest.mark.parametrize("which", [0, 1])
def test_demonstration_data_says_so_in_subject_and_text(which):
    snapshots = [real(before()), real(after())]
    made_up = (small_edition(), next_edition(FROM))[which]
    snapshots[which] = real(made_up)
    announced = notices_of(*snapshots, effective_from=FROM)
    assert announced
    for each in announced:
        assert each.subject.startswith("Demonstration: ")
        assert each.text.startswith("Demonstration data: this is made up")


def test_a_fingerprint_differs_by_recipient_date_and_text():
    announced = list(told(before(), after()).values())
    one = announced[0]
    others = [
        replace(one, recipient="99"),
        replace(one, effective_from=date(2026, 4, 2)),
        replace(one, text=one.text + " "),
        replace(one, email="somebody@else.example"),
    ]
    assert one.fingerprint == replace(one).fingerprint
    assert len({each.fingerprint for each in (*announced, *others)}) == len(announced) + 4

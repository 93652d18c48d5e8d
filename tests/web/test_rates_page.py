"""Staff set rates a region, say where each comes from, and whoever only reads sees them."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from catchments.core.model import EDUCATION_REGIONS
from catchments.store.directory.rates import AbsenceRates
from catchments.store.integrity.audit import AuditTrail
from tests.staff import post, signed_in, text_of
from tests.worlds import HOSTILE, store_of

URL = "/staff/rates"
WAIKATO = f"rate-{EDUCATION_REGIONS.index('Waikato')}"
OTHERS = f"rate-{len(EDUCATION_REGIONS)}"


def source_of(field: str) -> str:
    return field.replace("rate", "source")


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


def test_until_it_is_set_the_rate_is_called_an_assumption(app: Flask) -> None:
    for login in ("hana", "rata"):
        said = text_of(signed_in(app, login).get(URL).text)
        assert "an assumption, not a measurement, until staff set a rate" in said
        assert "10%" in said


def test_a_rate_is_set_in_per_cent_with_its_source_and_is_audited(app: Flask) -> None:
    hana = signed_in(app, "hana")
    fields = {WAIKATO: "12,5", source_of(WAIKATO): "Term 1 2026", OTHERS: "9 %"}
    sent = post(hana, URL, **fields, **{source_of(OTHERS): "Term 4 2025"})
    assert sent.status_code == 303
    stated = AbsenceRates(store_of(app)).stated()
    assert {region: each.rate for region, each in stated.items()} == {"Waikato": 0.125, "": 0.09}
    shown = hana.get(URL).text
    assert 'value="12.5"' in shown
    assert "Set by Hana of the Ministry" in text_of(shown)
    done = AuditTrail(store_of(app)).entries(matching={"action": "rate.set"}, at_most=9)
    assert [entry.actor for entry in done] == ["hana", "hana"]


def test_a_form_that_was_opened_earlier_takes_back_nothing_that_a_colleague_set(app: Flask) -> None:
    hana, aroha = signed_in(app, "hana"), signed_in(app, "aroha")
    opened = dict(re.findall(r'name="(shown-[a-z]+-\d+)" value="([^"]*)"', hana.get(URL).text))
    assert len(opened) == 2 * (len(EDUCATION_REGIONS) + 1)
    post(aroha, URL, **{WAIKATO: "12", source_of(WAIKATO): "Term 1 2026"})
    sent = post(hana, URL, **opened, **{OTHERS: "9", source_of(OTHERS): "Term 4 2025"})
    assert sent.status_code == 303
    stated = AbsenceRates(store_of(app)).stated()
    assert {region: each.rate for region, each in stated.items()} == {"Waikato": 0.12, "": 0.09}


@pytest.mark.parametrize("text", ["101", "-1", "ten", "1,000", "1e2", "12.5.1", "١٢", HOSTILE])
def test_what_is_no_rate_is_refused_and_kept_in_the_form(app: Flask, text: str) -> None:
    hana = signed_in(app, "hana")
    sent = post(hana, URL, **{WAIKATO: text, source_of(WAIKATO): "Somewhere"})
    assert sent.status_code == 400
    assert "enter per cent, from 0 to 100" in text_of(sent.text)
    assert f'href="#{WAIKATO}"' in sent.text
    assert "Somewhere" in sent.text
    assert "<img src=x" not in sent.text
    assert AbsenceRates(store_of(app)).stated() == {}


def test_a_rate_without_a_source_is_refused(app: Flask) -> None:
    sent = post(signed_in(app, "hana"), URL, **{OTHERS: "9"})
    assert sent.status_code == 400
    assert "Say where the rate comes from." in text_of(sent.text)


def test_whoever_only_reads_sees_the_rates_and_sets_none(app: Flask) -> None:
    rata = signed_in(app, "rata")
    assert '<form method="post" action="/staff/rates"' not in rata.get(URL).text
    assert post(rata, URL, **{OTHERS: "9", source_of(OTHERS): "x"}).status_code == 403
    assert AbsenceRates(store_of(app)).stated() == {}

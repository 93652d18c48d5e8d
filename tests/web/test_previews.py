"""Before a change is added its page says all that the draft's page says afterwards, of any kind."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.changes.kinds import BY_TAG
from catchments.store.drafts.repository import DraftRepository
from catchments.web.staff.forms.kinds import BY_NAME
from tests.staff import asks_twice, csrf_token, hidden, post, sent, text_of, version_of, words
from tests.web.test_changing import EXAMPLES
from tests.web.test_import_forms import GIVEN
from tests.web.test_uncovered_pages import lose_the_coast
from tests.web.test_uploads import all_squares
from tests.worlds import AHI, KOWHAI, REKOHU, RIMU, store_of

SECTION = re.compile(r"<section\b[^>]*>|</section>")
PART = re.compile(r"<(li|tr|p|h3|summary|caption)\b[^>]*>(.*?)</\1>", re.S)
OFFERED_LATER = "Leave it so, with a reason"

FILES: dict[str, tuple[str, bytes]] = {
    "read-listings": ("a.csv", b"School Number,Catchment\n54,Rimu\n"),
    "read-providers": ("p.csv", b"Catchment,Provider\nAhi,Somebody New\n"),
    "replace-boundaries": ("b.geojson", all_squares()),
}
OF_A_KIND_BESIDE = {"move-by-table", "assign-by-table", "take-off-list"}
"""Forms that make changes of a kind that another form makes, too."""
MADE_OTHERWISE = {"restore edition"}
"""Tags of changes that no form makes: going back has a page of its own."""
OTHERS = {
    "leave-uncovered": {"reason": "A park now"},
    "take-off-list": {"listed": "54"},
}


def looked_over(app: Flask, client: FlaskClient, kind: str) -> TestResponse:
    """The page that shows a change of a kind before it is added."""
    known = {**OTHERS, **EXAMPLES}.get(kind, {})
    fields = {k: v for k, v in known.items() if k != "confirmed"}
    if kind == "leave-uncovered":
        lose_the_coast(app)
    if kind not in FILES:
        return sent(app, client, kind, **fields)
    name, content = FILES[kind]
    form = {"file": (io.BytesIO(content), name), "csrf_token": csrf_token(client), **GIVEN}
    form |= {"version": version_of(app), "allow_shrink": "yes"}
    return client.post(f"/staff/drafts/1/change/{kind}", data=form)


def said(page: TestResponse) -> set[str]:
    """All that a draft's page says of its impact, each row, line and sentence by itself."""
    parts = PART.findall(impact_in(page.text))
    return {text_of(part).replace(OFFERED_LATER, "").strip() for _, part in parts}


def impact_in(markup: str) -> str:
    """The section of the impact with those in it."""
    start = markup.index('<section aria-labelledby="impact-heading"')
    depth = 0
    for tag in SECTION.finditer(markup, start):
        depth += -1 if tag[0] == "</section>" else 1
        if not depth:
            return markup[start : tag.end()]
    raise AssertionError("it does not end")


@pytest.mark.parametrize("earlier", ["", "after another change"])
@pytest.mark.parametrize("kind", BY_NAME)
def test_what_the_draft_says_afterwards_was_said_before(
    app: Flask, hana: FlaskClient, kind: str, earlier: str
) -> None:
    if earlier:
        rename = {"catchment": REKOHU, "name": "Wharekauri", "confirmed": "yes"}
        sent(app, hana, "rename-catchment", **rename)
    steps = len(DraftRepository(store_of(app)).steps(1))
    preview = looked_over(app, hana, kind)
    assert preview.status_code == 200, words(preview)
    url, fields = f"/staff/drafts/1/change/{kind}", hidden(preview)
    drawn = post(hana, f"{url}/map.json", **fields)
    assert drawn.status_code == 200, drawn.text
    added = post(hana, url, **fields, confirmed="yes", sure=asks_twice(preview))
    assert added.status_code == 303, words(added)
    assert len(DraftRepository(store_of(app)).steps(1)) > steps
    after = hana.get("/staff/drafts/1")
    before = text_of(preview.text)
    assert [each for each in said(after) if each not in before] == []
    if not earlier and kind != "leave-uncovered":
        assert hana.get("/staff/drafts/1/map.json").json == drawn.json


def test_every_kind_of_change_is_looked_over_by_a_form() -> None:
    assert {*EXAMPLES, *FILES, *OTHERS, "list-where-located"} == set(BY_NAME)
    assert len(BY_TAG) - len(MADE_OTHERWISE) + len(OF_A_KIND_BESIDE) == len(BY_NAME)


def test_the_page_tells_what_this_change_does_from_what_the_draft_did_before(
    app: Flask, hana: FlaskClient
) -> None:
    sent(app, hana, "retire-provider", provider="P-RIMU", followed_by="-", confirmed="yes")
    page = sent(app, hana, "move-schools", numbers="54", to=KOWHAI)
    text = words(page)
    change, whole = text.split("The whole draft with this change")
    assert "What this change does 1 school changes provider, with 120 students" in change
    assert "1 thing blocks publication. 1 of them does so already, without this change." in change
    assert "P-RIMU, ends" not in change
    assert "P-RIMU, ends" in whole
    assert (
        page.text.count('id="impact-heading"') == page.text.count('id="whole-impact-heading"') == 1
    )


# --- asked twice ----------------------------------------------------------------------------------

FAR = {"catchments": [AHI, REKOHU], "into": AHI}


def test_catchments_that_lie_far_apart_are_merged_only_when_it_is_meant(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "merge-catchments", **FAR)
    assert "Ahi (AHI-1) would be in parts that do not touch: 8,9" in words(page)
    assert re.search(r"of it, sea included, is \d[\d,]+ km away from the largest", words(page))
    (ticked,) = asks_twice(page)
    for sure in ([], ["nonsense"]):
        refused = sent(app, hana, "merge-catchments", **FAR, confirmed="yes", sure=sure)
        assert refused.status_code == 400
        assert "Tick that what is cut off is meant, or go back." in words(refused)
        assert DraftRepository(store_of(app)).steps(1) == []
    added = sent(app, hana, "merge-catchments", **FAR, confirmed="yes", sure=ticked)
    assert added.status_code == 303


def test_only_land_counts_of_ground_that_changes_hands(app: Flask, hana: FlaskClient) -> None:
    at_sea = "174.0 -38.6\n174.3 -38.6\n174.3 -38.2\n174.0 -38.2"
    ashore = "174.8 -38.6\n175.1 -38.6\n175.1 -38.2\n174.8 -38.2"
    told = [
        "Land that changes hands: about"
        in words(sent(app, hana, "transfer-area", to=KOWHAI, points=p))
        for p in (at_sea, ashore)
    ]
    assert told == [False, True]


def test_neighbours_are_merged_without_being_asked_twice(app: Flask, hana: FlaskClient) -> None:
    page = sent(app, hana, "merge-catchments", catchments=[AHI, KOWHAI], into=AHI)
    assert asks_twice(page) == []
    assert "do not touch" not in words(page)
    assert "pieces" not in words(page)


def test_a_place_is_seen_without_script_and_nothing_is_added(app: Flask, hana: FlaskClient) -> None:
    page = sent(app, hana, "retire-provider", provider="P-RIMU", followed_by="-")
    key = next(k for k in re.findall(r'name="zoom" value="([^"]+)"', page.text) if "no-prov" in k)
    zoomed = sent(app, hana, "retire-provider", **hidden(page), zoom=key)
    assert '<figure class="zoomed">' in zoomed.text
    assert "zoom" not in hidden(zoomed)
    assert DraftRepository(store_of(app)).steps(1) == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"catchment": AHI, "name": ""}, 400), ({"version": "99"}, 412), ({"version": "x"}, 400)],
)
def test_the_map_of_no_change_is_refused(
    app: Flask, hana: FlaskClient, fields: dict[str, Any], status: int
) -> None:
    form = {"version": version_of(app), **fields}
    answer = post(hana, "/staff/drafts/1/change/rename-catchment/map.json", **form)
    assert answer.status_code == status


def test_a_change_that_was_looked_over_before_another_s_is_looked_over_again(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "rename-catchment", **EXAMPLES["rename-catchment"])
    sent(app, hana, "retire-provider", provider="P-RIMU", followed_by="-", confirmed="yes")
    late = post(hana, "/staff/drafts/1/change/rename-catchment", **hidden(page), confirmed="yes")
    assert late.status_code == 412
    assert "New name" in late.text
    assert len(DraftRepository(store_of(app)).steps(1)) == 1


def test_rimu_is_not_torn_by_what_was_apart_before(app: Flask, hana: FlaskClient) -> None:
    corners = "175.4 -39.4\n175.6 -39.4\n175.6 -39.6\n175.4 -39.6"
    first = sent(app, hana, "transfer-area", to=RIMU, points=corners)
    assert len(asks_twice(first)) == 1
    sent(
        app, hana, "transfer-area", to=RIMU, points=corners, confirmed="yes", sure=asks_twice(first)
    )
    second = sent(app, hana, "transfer-area", to=RIMU, points=corners.replace("175.6", "175.7"))
    assert asks_twice(second) == [], "that ground was apart before"

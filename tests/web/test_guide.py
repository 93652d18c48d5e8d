"""The guide's page and its style sheet, as they leave the server."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from flask.testing import FlaskClient
from msgspec.structs import replace

from app import create_app
from catchments.core.settings import Settings
from catchments.lookup import guidance
from catchments.lookup.guidance import Condition, Guide, Rule, shipped_guides
from catchments.web.pages import guide as web
from catchments.web.pages.guide import in_words, sayer, style_sheet, version_of
from tests.web.test_pages import Page, main, words
from tests.worked_out import is_worked_out
from tests.worlds import (
    HOSTILE,
    overlapping_edition,
    running_application,
    sqlite_url,
    visited,
)

PATH = "/when-to-ask"
GUIDE = shipped_guides()[0]
STYLES = f"{PATH}/2026-01-05.css"


def said(client: FlaskClient, query: str = "") -> str:
    return main(client.get(PATH + query).text)


# --- the page -------------------------------------------------------------------------------------


def test_the_page_has_every_question_every_advice_and_every_reason(client: FlaskClient) -> None:
    page = said(client)
    texts = [
        *(question.legend for question in GUIDE.questions),
        *GUIDE.labels.values(),
        *(advice.title for advice in GUIDE.advices),
        *(rule.reason for advice in GUIDE.advices for rule in advice.rules),
        *(step for advice in GUIDE.advices for step in advice.next_steps),
        *GUIDE.have_ready,
        GUIDE.where_to_ask,
        GUIDE.undecided.no_rule,
    ]
    letters = re.sub(r"\W", "", page)
    assert [text for text in texts if re.sub(r"\W", "", text) not in letters] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "This guide advises; your school decides.",
        "In force from 5 January 2026",
        "Source The Ministry of Education’s published criteria for the attendance service",
        "The wording is still to be confirmed by the Ministry.",
        "Students without a school go through ENROL",
        "It is neither sent nor stored, and it is gone when you leave.",
        "The provider of your school’s catchment. Find your provider",
    ],
)
def test_the_page_says_what_it_is_and_is_not(sentence: str, client: FlaskClient) -> None:
    assert sentence in said(client)


@pytest.mark.parametrize("query", ["", "?school=54", "?school=64", "?school=498", "?school=63"])
def test_the_page_is_sound_and_its_links_lead_somewhere(query: str, client: FlaskClient) -> None:
    page = Page(client.get(PATH + query).text)
    assert page.tags.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    assert page.handlers == []
    assert "style" not in page.tags
    for link in {*page.links, *page.loads}:
        target, _, fragment = link.partition("#")
        if not target:
            assert fragment in page.ids
        elif target.startswith("/"):
            with client.get(target) as found:
                assert found.status_code == 200, target


def test_nothing_on_the_page_can_send_an_answer(client: FlaskClient) -> None:
    page = client.get(PATH).text
    form = re.search(r"<form[^>]*>.*?</form>", page, re.DOTALL)
    assert form
    assert 'autocomplete="off"' in form[0]
    assert "action=" not in form[0]
    # Whatever would send the form presses its first button.
    buttons = re.findall(r"<button[^>]*>", form[0])
    assert buttons[0] == '<button type="submit" disabled hidden>'
    assert [each for each in buttons[1:] if 'type="reset"' not in each] == []
    assert " checked" not in form[0]


def test_te_reo_words_are_marked(client: FlaskClient) -> None:
    page = client.get(PATH).text
    for word in ("ākonga", "kura", "whānau", "Whānau"):
        assert f'<span lang="mi">{word}</span>' in page


# --- the provider to call -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("school", "sentence"),
    [
        (54, "Who to call Attendance service provider Ahi Trust"),
        (54, "Phone 0800 000 000"),
        (54, "For Kura o Ahi , school 54"),
        (57, "Rimu Services"),
        (58, "Shore School"),
        (59, "This school closed on 19 December 2025."),
        (63, "Not known Unplaced School has no recorded place"),
        (498, "Te Aho o Te Kura Pounamu is on record as belonging to no catchment."),
    ],
)
def test_with_a_school_the_page_names_whom_to_call(
    school: int, sentence: str, client: FlaskClient
) -> None:
    assert sentence in said(client, f"?school={school}")


@pytest.mark.parametrize(
    ("school", "doubt"),
    [
        (58, "Why It lies outside every catchment; this one is the nearest. It is 1.7 km away"),
        (59, "This school closed on 19 December 2025."),
        (60, "This school is proposed; it is to open on 1 February 2027."),
        (61, "Close to a boundary: it may be either"),
    ],
)
def test_nobody_is_called_the_provider_where_that_is_not_certain(
    school: int, doubt: str, client: FlaskClient
) -> None:
    page = said(client, f"?school={school}")
    assert doubt in page
    assert "Your provider is" not in page
    assert "Your provider is Ahi Trust" in said(client, "?school=54")


def test_a_school_in_two_catchments_is_given_both_providers(tmp_path: Path) -> None:
    with visited(tmp_path, overlapping_edition(listings={})) as client:
        page = said(client, "?school=61")
    assert "It may be any of these" in page
    assert "0800 000 000" in page
    assert "0800 000 001" in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?school=99", 404),
        ("?school=abc", 400),
        ("?school=", 400),
        ("?school=' OR 1=1", 400),
        ("?school=9999999999", 400),
        ("?school=54&school=55", 400),
        ("/2026-01-06.css", 404),
        ("/{{7*191}}.css", 404),
        ("/2026-01-05.css?v=1&v=2", 400),
        ("/2026-01-05", 404),
    ],
)
def test_what_is_not_there_or_asked_wrongly_is_said_in_a_page(
    query: str, status: int, client: FlaskClient
) -> None:
    response = client.get(PATH + query, headers={"Accept": "text/html"})
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert 'action="/"' in response.text


# --- other guides ---------------------------------------------------------------------------------


@pytest.fixture
def in_force(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts another guide in force, and it alone."""

    def put(guide: Guide) -> None:
        monkeypatch.setattr(web, "guide_on", lambda _: guide)
        monkeypatch.setattr(web, "shipped_guides", lambda: (guide,))

    return put


def test_hostile_texts_of_a_guide_are_text(client: FlaskClient, in_force: Any) -> None:
    advice = replace(
        GUIDE.advices[0],
        title=HOSTILE,
        summary=HOSTILE,
        next_steps=(HOSTILE, "70% %(name)s"),
        rules=(Rule(when=Condition(all_of=("no-visa",)), reason=HOSTILE),),
    )
    option = replace(GUIDE.questions[0].options[0], label=HOSTILE, hint=HOSTILE)
    options = (option, *GUIDE.questions[0].options[1:])
    question = replace(GUIDE.questions[0], legend=HOSTILE, hint=HOSTILE, options=options)
    source = replace(GUIDE.source, title=HOSTILE, note=HOSTILE)
    hostile = replace(
        GUIDE,
        advices=(advice,),
        questions=(question, *GUIDE.questions[1:]),
        source=source,
        first=HOSTILE,
        have_ready=(HOSTILE,),
        where_to_ask=HOSTILE,
        te_reo=(HOSTILE, ".*", "("),
    )
    in_force(hostile)
    page = client.get(PATH).text
    assert page.count("{{7*191}}&lt;/script&gt;&lt;img") > 10
    assert not is_worked_out(page)
    assert "<img" not in page
    assert "70% %(name)s" in page


def test_what_names_a_page_changes_with_the_guide(client: FlaskClient, in_force: Any) -> None:
    tag = client.get(PATH).headers["ETag"]
    known = {"If-None-Match": tag}
    assert client.get(PATH, headers=known).status_code == 304
    in_force(replace(GUIDE, where_to_ask="Elsewhere."))
    after = client.get(PATH, headers=known)
    assert after.status_code == 200
    assert after.headers["ETag"] != tag
    assert "Elsewhere." in after.text


def test_the_page_may_be_kept_as_long_as_other_pages(client: FlaskClient) -> None:
    assert client.get(PATH).headers["Cache-Control"] == client.get("/").headers["Cache-Control"]


def test_before_the_first_guide_the_page_says_from_when_there_is_one(small_database: Path) -> None:
    early = date(2026, 1, 4)
    with running_application(small_database, today=early) as app:
        response = app.test_client().get(PATH, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "No guidance is in force on 4 January 2026." in words(response.text)
    assert "The first takes effect on 5 January 2026." in words(response.text)


def test_a_faulty_file_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "2026-01-05.yaml").write_text("questions: []")
    monkeypatch.setattr(guidance, "FOLDER", tmp_path)
    shipped_guides.cache_clear()
    try:
        with pytest.raises(ClickException, match=r"2026-01-05\.yaml: Expected `array`"):
            create_app(Settings(database_url=sqlite_url(tmp_path / "none.sqlite")))
    finally:
        shipped_guides.cache_clear()


# --- its style sheet ------------------------------------------------------------------------------


def test_the_style_sheet_is_kept_for_good_under_its_version_only(client: FlaskClient) -> None:
    page = client.get(PATH).text
    address = next(load for load in Page(page).loads if load.startswith(STYLES))
    assert address == f"{STYLES}?v={version_of(GUIDE)}"
    assert "immutable" in client.get(address).headers["Cache-Control"]
    for other in (STYLES, f"{STYLES}?v=0"):
        assert client.get(other).headers["Cache-Control"] == "max-age=60"


def test_the_style_sheet_has_its_media_type_and_a_validator(client: FlaskClient) -> None:
    response = client.get(STYLES)
    assert (response.status_code, response.mimetype) == (200, "text/css")
    tag = {"If-None-Match": response.headers["ETag"]}
    assert client.get(STYLES, headers=tag).status_code == 304


def test_a_browser_that_cannot_tell_is_told_to_hide_nothing() -> None:
    lines = style_sheet(GUIDE).splitlines()
    assert lines[0] == "@supports selector(:has(*)) {"
    assert lines[-1] == "}"
    assert all(line.endswith(" }") for line in lines[1:-1])


def test_every_class_and_id_of_the_style_sheet_is_on_the_page(client: FlaskClient) -> None:
    page = client.get(PATH).text
    ids = set(re.findall(r"#([\w-]+)", style_sheet(GUIDE)))
    assert ids <= set(Page(page).ids)
    classes = set(re.findall(r"\.([a-z][\w-]*)", style_sheet(GUIDE)))
    given = {each for text in re.findall(r'class="([^"]*)"', page) for each in text.split()}
    assert classes <= given


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("Kura and kurawai", '<span lang="mi">Kura</span> and kurawai'),
        ("whānau.", '<span lang="mi">whānau</span>.'),
        ("<b>kura</b> 70%", '&lt;b&gt;<span lang="mi">kura</span>&lt;/b&gt; 70%'),
        ("nothing %s", "nothing %s"),
        ("", ""),
    ],
)
def test_words_of_te_reo_are_marked_in_plain_text(
    text: str, markup: str, client: FlaskClient
) -> None:
    with client.application.test_request_context():
        assert sayer(["kura", "whānau"])(text) == markup
        assert sayer([])("kura <") == "kura &lt;"


def test_a_condition_is_said_in_words(client: FlaskClient) -> None:
    when = Condition(all_of=("chronic",), any_of=("moves", "moving"), none_of=("sibling",))
    with client.application.test_request_context():
        assert in_words(GUIDE, when) == [
            ("", ["70% or less"]),
            ("at least one of", ["Frequent moves", "The student is moving"]),
            ("none of", ["A brother or sister is already supported"]),
        ]
        assert in_words(GUIDE, Condition()) == []

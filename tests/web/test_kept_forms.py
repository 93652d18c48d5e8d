"""No work is lost: what was typed when a session had ended stands in the form again."""

from __future__ import annotations

import gzip
import io
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.store import schema
from catchments.store.accounts import kept_forms
from catchments.store.accounts.kept_forms import KEPT_AT_MOST, KEPT_FOR, KeptForms, SentForm
from catchments.store.accounts.people import People
from catchments.store.accounts.sessions import IDLE, LONGEST
from catchments.web.accounts import access
from catchments.web.accounts.kept.filling import filled_in
from tests.staff import PASSWORD, csrf_in, hidden, post, sign_in, signed_in, version_of, words
from tests.worlds import AHI, HOSTILE, store_of

FORM = "/staff/drafts/1/change/transfer-area"
DRAWN = "POLYGON ((174.1 -41, 174.2 -41, 174.2 -41.1, 174.1 -41))"


def typed_into(client: FlaskClient, path: str, **fields: object) -> dict[str, object]:
    """What a browser sends of a page's form: all that is hidden in it, and what was typed."""
    page = client.get(path)
    return {"csrf_token": csrf_in(page), **hidden(page), **fields}


def wait(monkeypatch: pytest.MonkeyPatch, some: timedelta) -> None:
    now = access.clock() + some.total_seconds()
    monkeypatch.setattr(access, "clock", lambda: now)


def after_signing_in(client: FlaskClient, refused: TestResponse, login: str = "hana") -> str:
    """The page that somebody comes to who signs in where they were sent, as they were told to."""
    assert refused.status_code == 303
    going_on = sign_in_at(client, refused.headers["Location"], login)
    packed = {"Accept-Encoding": "gzip"}  # as every browser asks
    page = client.get(going_on, follow_redirects=True, headers=packed)
    is_packed = page.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(page.data) if is_packed else page.data).decode()


def sign_in_at(client: FlaskClient, where: str, login: str) -> str:
    page = client.get(where)
    next_ = unescape(re.findall(r'name="next" value="([^"]*)"', page.text)[0])
    given = {"csrf_token": csrf_in(page), "login": login, "password": PASSWORD, "next": next_}
    return client.post("/staff/sign-in", data=given).headers["Location"]


def end_by_waiting(app: Flask, monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    wait(monkeypatch, IDLE + timedelta(minutes=2))


def end_elsewhere(app: Flask, monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    with store_of(app).writing() as connection:
        connection.execute(schema.session.delete())


def sign_out_in_another_tab(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    client: FlaskClient,
) -> None:
    assert post(client, "/staff/sign-out").status_code == 303


def change_the_password(app: Flask, monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    People(store_of(app)).set_password("hana", PASSWORD, by="hana")


ENDS: dict[str, Callable[[Flask, pytest.MonkeyPatch, FlaskClient], None]] = {
    "it stood unused": end_by_waiting,
    "it was ended elsewhere": end_elsewhere,
    "it was left in another tab": sign_out_in_another_tab,
    "the password was changed": change_the_password,
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS.keys())
def test_what_was_drawn_stands_in_the_form_again_however_the_session_ended(
    app: Flask,
    hana: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    ends: Callable[[Flask, pytest.MonkeyPatch, FlaskClient], None],
) -> None:
    form = typed_into(hana, FORM, drawn=DRAWN, to=AHI, points="")
    before = version_of(app)
    ends(app, monkeypatch, hana)
    refused = hana.post(FORM, data=form)
    assert "nothing of it is lost" in hana.get(refused.headers["Location"]).text
    page = after_signing_in(hana, refused)
    assert f">{DRAWN}</textarea>" in page.replace(">\n", ">")
    assert re.search(rf'<option value="{AHI}" selected', page)
    assert "What you typed is in the form again." in page
    assert version_of(app) == before  # nothing was carried out


def test_it_can_be_sent_again_and_is_forgotten_then(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, "/staff/drafts/1/change/move-schools", numbers="54\n55", to="")
    end_elsewhere(app, monkeypatch, hana)
    page = after_signing_in(hana, hana.post("/staff/drafts/1/change/move-schools", data=form))
    again = {
        name: unescape(re.findall(rf'name="{name}" value="([^"]*)"', page)[-1])
        for name in ("csrf_token", "version", "once", "kept_form")
    }
    assert again["once"] == form["once"][-1]  # type: ignore[index]
    response = hana.post(
        "/staff/drafts/1/change/move-schools", data={**again, "numbers": "54 55", "to": AHI}
    )
    assert response.status_code in {200, 303}, words(response)
    me = People(store_of(app)).person("hana")
    assert KeptForms(store_of(app)).of(me.id) == []
    assert "is in the form again" not in hana.get("/staff/drafts/1/change/move-schools").text


def test_nobody_else_sees_what_was_kept(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, FORM, drawn=DRAWN)
    end_elsewhere(app, monkeypatch, hana)
    refused = hana.post(FORM, data=form)
    page = after_signing_in(hana, refused, login="wiremu")
    assert "174.1" not in page
    assert "174.1" not in hana.get(FORM).text
    other = signed_in(app, "hana")  # who signs in anew in another browser is told of it
    said = other.get("/staff").text
    assert "A form is kept" in said
    link = unescape(re.findall(r'<a href="([^"]*kept-forms[^"]*)"', said)[0])
    assert DRAWN in other.get(link, follow_redirects=True).text


@pytest.mark.parametrize("written_for", ["", "1", "1.x.y", HOSTILE], ids=range(4))
def test_a_stranger_has_nothing_kept(app: Flask, hana: FlaskClient, written_for: str) -> None:
    stranger = app.test_client()
    response = stranger.post(FORM, data={"drawn": DRAWN, "written_for": written_for})
    assert "kept-forms" not in response.headers["Location"]
    with store_of(app).reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.kept_form)) == 0
    assert hana.get("/staff").status_code == 200


def test_a_form_from_before_one_signed_in_again_is_not_carried_out_but_stands_there(
    app: Flask, hana: FlaskClient
) -> None:
    form = typed_into(hana, FORM, drawn=DRAWN)
    sign_out = post(hana, "/staff/sign-out")
    assert sign_out.status_code == 303
    sign_in(hana, "hana")
    refused = hana.post(FORM, data=form)
    assert refused.status_code == 303
    assert DRAWN in hana.get(refused.headers["Location"], follow_redirects=True).text


def test_what_is_kept_is_sealed_and_of_secrets_nothing(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, "/staff/password", old=PASSWORD, new="another 1 of mine", again="x")
    end_elsewhere(app, monkeypatch, hana)
    hana.post("/staff/password", data=form)
    with store_of(app).reading() as connection:
        assert connection.scalar(sa.select(schema.kept_form.c.content)) is None
    sign_in(hana, "hana")
    form = typed_into(hana, FORM, drawn=DRAWN)
    end_elsewhere(app, monkeypatch, hana)
    hana.post(FORM, data=form)
    with store_of(app).reading() as connection:
        content = connection.scalar(sa.select(schema.kept_form.c.content))
    assert content.startswith("sealed:")


def test_few_are_kept_and_not_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(app)
    hana = People(store).person("hana").id
    forms = KeptForms(store)
    sent = SentForm("/staff", "/staff", [("a", "b")], [])
    for _ in range(KEPT_AT_MOST + 3):
        forms.keep(sent, for_=hana)
    assert len(forms.of(hana)) == KEPT_AT_MOST
    twice = [forms.keep(sent, for_=hana, once="same") for _ in range(2)]
    assert [key in forms.of(hana) for key in twice] == [False, True]
    monkeypatch.setattr(kept_forms, "LARGEST", 10)
    assert forms.keep(sent, for_=hana) is None
    now = kept_forms.now() + KEPT_FOR + timedelta(minutes=1)
    monkeypatch.setattr(kept_forms, "now", lambda: now)
    assert forms.of(hana) == []


def test_a_page_that_lost_its_form_shows_what_was_typed(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, FORM, drawn=HOSTILE)
    end_elsewhere(app, monkeypatch, hana)
    refused = hana.post(FORM, data=form)
    with store_of(app).writing() as connection:
        connection.execute(schema.draft.update().values(state="abandoned", version=9))
    page = after_signing_in(hana, refused)
    assert "is not on this page any more" in page
    assert HOSTILE.strip() in unescape(page)
    assert urlsplit(refused.headers["Location"]).path == "/staff/sign-in"


def test_a_file_has_to_be_chosen_again_and_the_page_says_so(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, FORM, to=AHI, file=(io.BytesIO(b"{}"), "the peninsula.geojson"))
    end_elsewhere(app, monkeypatch, hana)
    refused = hana.post(FORM, data=form, content_type="multipart/form-data")
    assert "Choose your file again: the peninsula.geojson" in after_signing_in(hana, refused)


def test_a_text_of_megabytes_is_kept_and_sent_along_without_holding_up_the_page(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    corners = ", ".join(f"174.{at:06} -41.{at:06}" for at in range(25_000))
    form = typed_into(hana, FORM, drawn=f"POLYGON (({corners}))")
    end_elsewhere(app, monkeypatch, hana)
    page = after_signing_in(hana, hana.post(FORM, data=form))
    assert f'<input type="hidden" id="drawn" name="drawn" value="POLYGON (({corners}))">' in page


NOT_KEPT = "What you sent was not carried out, and could not be kept. Go back in your browser"


def test_what_is_too_large_to_be_read_from_who_is_signed_in_no_more_is_not_lost_in_silence(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed_into(hana, FORM, drawn="0" * 100_000)
    sign_out_in_another_tab(app, monkeypatch, hana)
    page = hana.post(FORM, data=form, follow_redirects=True)
    assert NOT_KEPT in page.text
    assert KeptForms(store_of(app)).of(1) == []


def test_on_a_full_disk_it_is_said_that_a_form_could_not_be_kept_and_nothing_else_is_harmed(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(app)
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def no_room(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    form = typed_into(hana, FORM, drawn=secrets.token_hex(400_000))
    end_elsewhere(app, monkeypatch, hana)
    sa.event.listen(store._engine, "connect", no_room)
    with store.reading() as kept_open:
        kept_open.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    page = hana.post(FORM, data=form, follow_redirects=True)
    assert NOT_KEPT in page.text
    sa.event.remove(store._engine, "connect", no_room)
    with store.reading() as kept_open:
        kept_open.exec_driver_sql(f"PRAGMA max_page_count = {1 << 30}")
    again = hana.post(FORM, data=form)  # the back button, once there is room
    assert form["drawn"] in after_signing_in(hana, again)


def test_drawing_keeps_a_session_alive_but_not_for_ever(
    hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = int(LONGEST / (IDLE / 2))
    answers = []
    for _ in range(steps + 1):
        wait(monkeypatch, IDLE / 2)
        answers.append(hana.get("/staff/still-here").status_code)
    assert answers[: steps - 1] == [204] * (steps - 1)
    assert answers[-1] == 303


class Compared(str):
    """A text that counts how often any is compared with another."""

    __slots__ = ()
    __hash__ = str.__hash__
    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)


def test_thousands_of_values_are_not_gone_through_for_each_box() -> None:
    boxes = "".join(f'<input type="checkbox" name="schools" value="{n}">' for n in range(100))
    page = f'<form method="post" action="/a"><details>{boxes}</details></form>'
    fields: list[tuple[str, str]] = [("schools", Compared(n)) for n in range(99, 3000)]
    filled = filled_in(page, "/a", fields, hidden=("kept_form", "k"), here="/a")
    assert 'name="schools" value="99" checked' in filled.page
    assert len(filled.left) == 2900
    assert Compared.times < 2 * len(fields)

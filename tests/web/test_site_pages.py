"""The site's own pages, as they leave the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.settings import Settings
from catchments.core.site_owner import SiteOwner
from catchments.lookup.site_texts import PAGES, shipped_pages
from catchments.web.common.services import EXTENSION
from tests.web.test_pages import Page, main, words

OWNER = SiteOwner(
    name="Te Tāhuhu o te Mātauranga | Ministry of Examples",
    phone="04 000 0000",
    email="help@ministry.example",
    postal_address="PO Box 1, Wellington 6140",
    street_address="1 Example Street, Wellington 6011",
    website="https://www.ministry.example",
    portal="https://portal.ministry.example/requests",
)
LATER = {"/report"}
"""Pages that others make."""


@pytest.fixture
def with_settings(small_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FlaskClient]:
    def given(**settings: object) -> FlaskClient:
        running = small_app.extensions[EXTENSION]
        own: Settings = replace(running.settings, **settings)
        monkeypatch.setitem(small_app.extensions, EXTENSION, replace(running, settings=own))
        return small_app.test_client()

    return given


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_and_its_links_lead_somewhere(name: str, client: FlaskClient) -> None:
    response = client.get(f"/{name}")
    page = Page(response.text)
    assert response.status_code == 200
    assert page.tags.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    assert {piece.id for piece in shipped_pages()[name].pieces} <= set(page.ids)
    assert page.handlers == []
    assert "style" not in page.tags
    for link in {*page.links, *page.loads} - LATER:
        target, _, fragment = link.partition("#")
        if not target:
            assert fragment in page.ids
        elif target.startswith("/"):
            with client.get(target) as found:
                assert found.status_code == 200, target
    assert "Checked on 30 November 2026." in words(response.text)
    assert f"<loc>{'/'}{name}</loc>" in client.get("/sitemap.xml").text.replace(
        "http://localhost", ""
    )


def test_a_page_may_be_kept_and_asked_for_again(client: FlaskClient) -> None:
    given = client.get("/help")
    again = client.get("/help", headers={"If-None-Match": given.headers["ETag"]})
    assert again.status_code == 304
    assert given.headers["Cache-Control"] == client.get("/catchments").headers["Cache-Control"]


def test_what_is_set_is_said_and_what_is_not_is_not_spoken_of(
    client: FlaskClient, with_settings: Callable[..., FlaskClient]
) -> None:
    for path in ("/contact", "/about", "/ask-for-support"):
        assert "not set" not in main(client.get(path).text).casefold()
    assert "Open the portal" not in client.get("/ask-for-support").text
    assert "Who is responsible" not in client.get("/contact").text
    owned = with_settings(owner=OWNER)
    contact = main(owned.get("/contact").text)
    for said in (OWNER.name, OWNER.phone, OWNER.email, OWNER.postal_address, OWNER.street_address):
        assert said in contact
    assert f'href="{OWNER.portal}"' in owned.get("/ask-for-support").text
    assert "Ministry of Examples" in main(owned.get("/about").text)


def test_privacy_says_what_others_come_to_know_where_that_is_so(
    client: FlaskClient, with_settings: Callable[..., FlaskClient]
) -> None:
    assert "another service" not in main(client.get("/privacy").text)
    sent_on = main(with_settings(geocoder="linz").get("/privacy").text)
    assert "An address that we do not know is sent to another service" in sent_on


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/ask-for-support", "Your school’s delegated authoriser gives the roles."),
        ("/ask-for-support", "You can use the portal without it."),
        ("/help", "the Education Service Desk, 0800 422 599"),
        ("/help", "Known issues, and what to do instead"),
        ("/section-19", "It is not a report of concern"),
        ("/section-19", "In danger now: call 111"),
        ("/not-enrolled", "You do not send a request for support."),
        ("/accessibility", "People did not test it."),
        ("/privacy", "We keep it in no log and no database."),
    ],
)
def test_the_pages_tell_what_the_old_page_told_and_whose_site_it_is(
    path: str, sentence: str, client: FlaskClient
) -> None:
    assert sentence in main(client.get(path).text)


def test_a_number_is_dialled_and_an_address_written_to(client: FlaskClient) -> None:
    page = client.get("/section-19").text
    for target in ("tel:0508326459", "tel:111", "mailto:contact@ot.govt.nz"):
        assert f'<a href="{target}">' in page

"""Passkeys at the server: whatever is not what was asked, of whom, and for here, is refused."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import bytes_to_base64url
from werkzeug.test import TestResponse

from catchments.core.roles import Role
from catchments.store.accounts.factors import Factors
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts import passkeys
from catchments.web.accounts.passkeys import NotTaken
from catchments.web.common.services import EXTENSION
from tests.staff import SECOND_STEP, add_person, attempt, csrf_in, is_signed_in, sign_in, words
from tests.worlds import HOSTILE

SET_UP = "/staff/second-step/set-up"
HERE = "http://localhost"
NAMES = ["id", "rawId", "type", "response", "clientDataJSON", "signature"]
"""What an answer has."""


class Device:
    """What keeps a passkey, and answers as a browser would; it may be made to answer wrongly."""

    def __init__(self, credential: bytes = b"a credential", *, counts: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential, self.uses, self.counts = credential, 0, counts

    def make(self, asked: dict[str, Any], **wrong: Any) -> str:
        numbers = self.key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        held = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + key
        data = self._data(asked["rp"]["id"], flags=0x40, more=held, **wrong)
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked, **wrong)
        return self._answer({"attestationObject": bytes_to_base64url(statement)}, client)

    def show(self, asked: dict[str, Any], **wrong: Any) -> str:
        self.uses += self.counts
        data = self._data(asked["rpId"], **wrong)
        client = self._client("webauthn.get", asked, **wrong)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        given = {"authenticatorData": data, "signature": wrong.get("signature", signed)}
        return self._answer({k: bytes_to_base64url(v) for k, v in given.items()}, client)

    def _data(self, here: str, *, flags: int = 0, more: bytes = b"", **wrong: Any) -> bytes:
        party_hash = hashlib.sha256(wrong.get("party", here).encode()).digest()
        flags |= 0x01 if wrong.get("verified") is False else 0x05
        return party_hash + bytes([flags]) + self.uses.to_bytes(4, "big") + more

    def _client(self, kind: str, asked: dict[str, Any], **wrong: Any) -> bytes:
        said = {"type": kind, "challenge": asked["challenge"], "origin": HERE}
        said |= {name: wrong[name] for name in said if name in wrong}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, str], client: bytes) -> str:
        named = bytes_to_base64url(self.credential)
        response = {"clientDataJSON": bytes_to_base64url(client), **response}
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})


def asked_on(page: TestResponse) -> dict[str, Any]:
    """What a page has a browser's passkey asked."""
    found = re.search(r'data-asked="([^"]+)"', page.text)
    assert found, page.text
    asked: dict[str, Any] = json.loads(unescape(found[1]))
    return asked


def send(client: FlaskClient, page: TestResponse, url: str, answer: str) -> TestResponse:
    return client.post(url, data={"csrf_token": csrf_in(page), "answer": answer, "name": "Laptop"})


def enrol(client: FlaskClient, device: Device, **wrong: Any) -> TestResponse:
    page = client.get(SET_UP)
    answer = device.make(asked_on(page), **wrong)
    return send(client, page, f"{SET_UP}/passkey", answer)


@pytest.fixture
def device(store, client) -> Device:
    """Of Hana, who has a passkey and nothing else beside her password."""
    add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    made = Device()
    assert enrol(client, made).status_code == 200
    return made


def half_way(app: Flask, login: str = "hana") -> tuple[FlaskClient, TestResponse]:
    client = app.test_client()
    assert attempt(client, login).headers["Location"] == SECOND_STEP
    return client, client.get(SECOND_STEP)


# --- made -----------------------------------------------------------------------------------------


def test_a_passkey_is_made_for_this_place_and_asks_for_a_finger_or_a_pin(store, client):
    add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    asked = asked_on(client.get(SET_UP))
    assert asked["rp"]["id"] == "localhost"
    assert asked["user"]["name"] == "hana"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none", "which device it is is nobody's business"
    page = enrol(client, Device())
    assert len(re.findall(r"<li><code>", page.text)) == 10
    assert "Laptop" in words(client.get("/staff/password"))
    assert asked_on(client.get(SET_UP))["excludeCredentials"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:1"},
        {"origin": "http://localhost.evil.example"},
        {"party": "evil.example"},
        {"challenge": bytes_to_base64url(b"another challenge")},
        {"verified": False},
        {"type": "webauthn.get"},
    ],
)
def test_a_passkey_that_is_not_made_as_asked_is_refused(store, client, wrong):
    hana = add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    response = enrol(client, Device(), **wrong)
    assert response.status_code == 400
    assert "was not taken" in words(response)
    assert Factors(store).of(hana).count() == 0


def test_one_is_not_made_twice_from_one_question(store, client):
    hana = add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    page = client.get(SET_UP)
    asked = asked_on(page)
    assert send(client, page, f"{SET_UP}/passkey", Device(b"1").make(asked)).status_code == 200
    again = client.get("/staff/password")
    assert send(client, again, f"{SET_UP}/passkey", Device(b"2").make(asked)).status_code == 400
    assert len(Factors(store).of(hana).passkeys) == 1


# --- shown ----------------------------------------------------------------------------------------


def test_one_signs_in_with_a_password_and_a_passkey(app, store, device):
    client, page = half_way(app)
    asked = asked_on(page)
    assert asked["userVerification"] == "required"
    answer = device.show(asked)
    done = send(client, page, f"{SECOND_STEP}/passkey", answer)
    assert (done.status_code, done.headers["Location"]) == (303, "/staff")
    assert is_signed_in(client)
    assert AuditTrail(store).last().detail == '{"with_a": "passkey"}'


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8080"},
        {"party": "evil.example"},
        {"challenge": bytes_to_base64url(b"another challenge")},
        {"verified": False},
        {"type": "webauthn.create"},
        {"signature": b"made up"},
    ],
)
def test_what_is_not_shown_as_asked_is_refused_and_on_record(app, store, device, wrong):
    client, page = half_way(app)
    answer = device.show(asked_on(page), **wrong)
    response = send(client, page, f"{SECOND_STEP}/passkey", answer)
    assert response.status_code == 400
    assert "Your passkey was not taken" in words(response)
    assert not is_signed_in(client)
    assert AuditTrail(store).last().action == "person.second-step.fail"


@pytest.mark.parametrize("counts", [True, False])
def test_an_answer_is_taken_once_even_with_the_cookie_of_before(app, store, client, counts):
    add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    device = Device(counts=counts)
    enrol(client, device)
    there, page = half_way(app)
    cookie = there.get_cookie("staff", path="/staff").value
    answer = device.show(asked_on(page))
    assert send(there, page, f"{SECOND_STEP}/passkey", answer).status_code == 303
    thief = app.test_client()
    thief.set_cookie("staff", cookie, path="/staff")
    assert send(thief, page, f"{SECOND_STEP}/passkey", answer).status_code == 400
    assert not is_signed_in(thief)


def test_a_copy_that_counts_behind_is_refused(app, device):
    copied = Device()
    copied.key = device.key
    for _ in range(3):
        client, page = half_way(app)
        answer = device.show(asked_on(page))
        assert send(client, page, f"{SECOND_STEP}/passkey", answer).status_code == 303
    client, page = half_way(app)
    response = send(client, page, f"{SECOND_STEP}/passkey", copied.show(asked_on(page)))
    assert response.status_code == 400


def test_another_persons_passkey_is_none(app, store, device):
    add_person(store, "ben", Role.EDITOR)
    other, own = app.test_client(), Device(b"of ben")
    sign_in(other, "ben")
    enrol(other, own)
    client, page = half_way(app, "ben")
    asked = asked_on(page)
    assert bytes_to_base64url(device.credential) not in str(asked)
    response = send(client, page, f"{SECOND_STEP}/passkey", device.show(asked))
    assert response.status_code == 400
    assert not is_signed_in(client)


def test_a_question_is_answered_within_ten_minutes(app, device, clock):
    client, page = half_way(app)
    answer = device.show(asked_on(page))
    clock.now += 601
    late = send(client, page, f"{SECOND_STEP}/passkey", answer)
    assert late.headers["Location"] == "/staff/sign-in"


def test_a_removed_passkey_opens_nothing(app, store, client, device):
    half, page = half_way(app)
    asked = asked_on(page)
    (kept,) = Factors(store).of(People(store).person("hana")).passkeys
    response = client.post(
        f"/staff/second-step/passkeys/{kept.number}/remove",
        data={"csrf_token": csrf_in(client.get("/staff/password"))},
    )
    assert response.status_code == 303
    answer = send(half, page, f"{SECOND_STEP}/passkey", device.show(asked))
    assert answer.headers["Location"] == "/staff/sign-in"
    assert not is_signed_in(half)


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", HOSTILE, "\x00", "{" * 60_000, '{"a":1}']
)
def test_an_answer_may_be_anything(app, device, answer):
    client, page = half_way(app)
    response = send(client, page, f"{SECOND_STEP}/passkey", answer)
    assert response.status_code in {400, 413}
    assert not is_signed_in(client)


@given(
    st.recursive(st.none() | st.text(), lambda each: st.dictionaries(st.sampled_from(NAMES), each))
)
def test_whatever_json_is_answered_is_refused_and_nothing_more(answer):
    with pytest.raises(NotTaken):
        passkeys._named([], json.dumps(answer))


def test_confirming_takes_a_passkey_alone(clock, client, device):
    clock.now += 301
    new = "/staff/second-step/set-up"
    assert client.get(new).headers["Location"] == f"/staff/confirm?next={new}"
    page = client.get(f"/staff/confirm?next={new}")
    unverified = device.show(asked_on(page), verified=False)
    assert send(client, page, "/staff/confirm/passkey", unverified).status_code == 400
    assert client.get(new).status_code == 303
    page = client.get(f"/staff/confirm?next={new}")
    answer = device.show(asked_on(page))
    assert send(client, page, "/staff/confirm/passkey", answer).status_code == 303
    assert client.get(new).status_code == 200


# --- for which place ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_url", "asked_at", "party"),
    [
        (
            "https://attendance.example/find",
            "https://attendance.example",
            ("attendance.example", "https://attendance.example"),
        ),
        (
            "https://attendance.example:8443",
            "https://x.example",
            ("attendance.example", "https://attendance.example:8443"),
        ),
        ("", "http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("", "http://127.0.0.1:8000", None),
        ("", "http://[::1]:8000", None),
        ("", "https://evil.example", None),
        ("", "http://localhost.evil.example", None),
        ("http://192.0.2.1", "http://192.0.2.1", None),
    ],
)
def test_whom_a_passkey_is_for_comes_from_the_setting_and_never_from_a_host(
    app, public_url, asked_at, party
):
    running = app.extensions[EXTENSION]
    settings = replace(running.settings, public_url=public_url)
    app.extensions[EXTENSION] = replace(running, settings=settings)
    with app.test_request_context("/staff", base_url=asked_at):
        found = passkeys.party()
    assert (found and (found.id, found.origin)) == party


def test_where_there_can_be_none_the_page_speaks_of_codes_alone(app, store, client):
    add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    running = app.extensions[EXTENSION]
    settings = replace(running.settings, public_url="http://192.0.2.1")
    app.extensions[EXTENSION] = replace(running, settings=settings)
    page = client.get(SET_UP)
    assert page.status_code == 200
    assert "passkey" not in words(page).casefold()
    assert send(client, page, f"{SET_UP}/passkey", "{}").status_code == 400

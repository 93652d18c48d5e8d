"""The trail's last hash goes out: once, and again after a failure; its address is not told."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from catchments.core.errors import InputRefused
from catchments.core.mail_server import MailServer
from catchments.core.settings import Settings
from catchments.store import Store, schema
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.outgoing import Outgoing, Tip
from catchments.store.outbox import trail_sending
from catchments.store.outbox.mail_sending import NotTaken
from catchments.store.outbox.trail_sending import LATE, NOWHERE, WELL, Origin, TrailSender
from tests.store.test_audit import tamper
from tests.waiting import PATIENCE_S
from tests.worlds import at_once, opened

TIP = Tip(7, "2026-03-03T00:00:00+00:00", "ab" * 32, 0)
HOOK = "https://hook.example/token-in-the-path"
MESSAGE = re.compile(rb"<109>1 \S+ \S+ catchments - audit - audit_entry=7 at=\S+ hash=(ab){32}")


@pytest.fixture
def trail(store: Store) -> AuditTrail:
    made = AuditTrail(store)
    made.add(actor="hana", action="x", subject="y")
    return made


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Tip]:
    """What a place elsewhere was given."""
    found: list[Tip] = []
    monkeypatch.setattr(trail_sending, "send", lambda _, tip, __: found.append(tip))
    return found


def sender(store: Store, **more: Any) -> TrailSender:
    return TrailSender(store, Settings(database_url=store.url, audit_out=HOOK, **more))


# --- when -----------------------------------------------------------------------------------------


def test_it_goes_out_once_and_again_when_there_is_another(
    store: Store, trail: AuditTrail, taken: list[Tip]
) -> None:
    sending = sender(store, audit_out_every_s=60)
    assert sending.send_due()
    assert not sending.send_due(at=now() + timedelta(days=1))
    trail.add(actor="hana", action="x", subject="y")
    assert not sending.send_due(at=now() + timedelta(seconds=30))
    assert sending.send_due(at=now() + timedelta(seconds=61))
    last = trail.last()
    assert last
    assert (taken[-1].number, taken[-1].hash, taken[-1].sent_before) == (2, last.hash, 1)
    assert sending.state == WELL


def test_many_workers_send_one(store: Store, trail: AuditTrail, taken: list[Tip]) -> None:
    def sending() -> bool:
        with opened(store.url) as own:
            return sender(own).send_due()

    assert sorted(at_once(*[sending] * 4)) == [False, False, False, True]
    assert len(taken) == 1


def test_without_a_setting_and_without_an_entry_nothing_goes_out(
    store: Store, taken: list[Tip]
) -> None:
    silent = TrailSender(store, Settings(database_url=store.url))
    assert (silent.send_due(), silent.state) == (False, NOWHERE)
    assert (sender(store).send_due(), taken) == (False, [])


def test_what_is_not_taken_is_tried_until_it_is(
    store: Store, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(_settings: Settings, _tip: Tip) -> None:
        raise NotTaken(f"it said no to {HOOK}") from requests.ConnectionError(HOOK)

    sending = sender(store)
    monkeypatch.setattr(trail_sending, "send", refusing)
    at = now()
    for attempt in range(1, 15):
        sending.send_due(at=at)
        at += timedelta(hours=2)
        assert Outgoing(store).attempts(HOOK) == attempt
        with store.reading() as connection:
            (said,) = connection.scalars(sa.select(schema.trail_sent.c.last_error))
        assert said
        assert "token" not in said
        assert sending.state == LATE
    monkeypatch.setattr(trail_sending, "send", lambda *_: None)
    assert sending.send_due(at=at)
    assert (Outgoing(store).attempts(HOOK), sending.state) == (0, WELL)


def test_whoever_dies_over_it_has_only_put_it_off(
    store: Store, trail: AuditTrail, taken: list[Tip]
) -> None:
    out = Outgoing(store)
    assert out.claim(HOOK, every=timedelta(minutes=5))
    assert out.claim(HOOK, every=timedelta(minutes=5)) is None
    assert sender(store).send_due(at=now() + timedelta(minutes=6))


def test_a_trail_that_was_cut_off_goes_out_too_and_is_logged(
    store: Store, trail: AuditTrail, taken: list[Tip], caplog: pytest.LogCaptureFixture
) -> None:
    trail.add(actor="hana", action="x", subject="y")
    sending = sender(store)
    sending.send_due()
    tamper(store, schema.audit_entry.delete().where(schema.audit_entry.c.number == 2))
    assert sending.send_due(at=now() + timedelta(days=1))
    assert "entry 2 has gone out: it was cut off" in caplog.text


# --- where to -------------------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[Callable[[int, int], socket.socket]]:
    made: list[socket.socket] = []

    def listen(family: int, kind: int) -> socket.socket:
        made.append(socket.socket(family, kind))
        made[-1].settimeout(PATIENCE_S)
        return made[-1]

    yield listen
    for each in made:
        each.close()


def send_to(url: str, **more: Any) -> None:
    trail_sending.send(Settings(audit_out=url, **more), TIP, Origin())


def test_syslog_by_udp(listening: Callable[[int, int], socket.socket]) -> None:
    server = listening(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    send_to(f"syslog://127.0.0.1:{server.getsockname()[1]}")
    assert MESSAGE.fullmatch(server.recv(2_000))


def test_syslog_by_tcp(listening: Callable[[int, int], socket.socket]) -> None:
    server = listening(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("127.0.0.1", 0))
    server.listen()
    send_to(f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}")
    with closing(server.accept()[0]) as peer:
        length, _, message = peer.recv(2_000).partition(b" ")
    assert int(length) == len(message)
    assert MESSAGE.fullmatch(message)


def test_syslog_of_this_machine(
    listening: Callable[[int, int], socket.socket], tmp_path: Path
) -> None:
    server = listening(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(tmp_path / "log"))
    send_to(f"syslog://{tmp_path / 'log'}")
    assert MESSAGE.fullmatch(server.recv(2_000))


def test_a_syslog_that_is_away_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        send_to(f"syslog://{tmp_path / 'log'}")


def test_an_e_mail_says_what_to_do_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(trail_sending, "send_email", lambda *given: sent.append(given))
    server = MailServer("mail.example", 25, "from@ministry.example")
    send_to("mailto:auditors@ministry.example", mail=server)
    assert sent[0][0] == server
    message = sent[0][1]
    assert message.email == "auditors@ministry.example"
    assert f"--expect {TIP.hash}" in message.text


def test_a_webhook_is_called_as_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(trail_sending, "call", lambda *given, **more: called.append((given, more)))
    send_to(HOOK, audit_out_key="k" * 40)
    given, more = called[0]
    assert given == (
        HOOK,
        "k" * 40,
        {"program": "catchments", "audit_entry": 7, "at": TIP.at, "hash": TIP.hash},
    )
    assert more["delivery"] == "audit-7"


# --- settings -------------------------------------------------------------------------------------


MAIL = {"CATCHMENTS_SMTP_URL": "smtp://mail.example", "CATCHMENTS_MAIL_FROM": "a@b.example"}
KEYED = {"CATCHMENTS_AUDIT_OUT_KEY": "k" * 32}


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("syslog:///dev/log", {}),
        ("syslog://log.example", {}),
        ("syslog://[::1]:514", {}),
        ("syslog+tcp://192.0.2.1:601", {}),
        ("mailto:auditors@ministry.example", MAIL),
        ("https://hook.example/x?y=z", KEYED),
    ],
)
def test_an_address_that_can_be_used_is_taken(url: str, more: dict[str, str]) -> None:
    settings = Settings.from_environment({"CATCHMENTS_AUDIT_OUT": url, **more})
    assert settings.audit_out == url
    assert "hook.example" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("ftp://x.example", {}),
        ("syslog:/dev/log", {}),
        ("syslog://", {}),
        ("http://hook.example", KEYED),
        ("https://hook.example", {}),
        ("https://user:secret@hook.example", KEYED),
        ("mailto:a@b.example", {}),
        ("mailto:a@b.example,c@d.example", MAIL),
        ("mailto:a@b.example\nBcc: c@d.example", MAIL),
        ("syslog:///dev/\nlog", {}),
    ],
)
def test_any_other_is_refused_and_not_shown(url: str, more: dict[str, str]) -> None:
    with pytest.raises(InputRefused) as refused:
        Settings.from_environment({"CATCHMENTS_AUDIT_OUT": url, **more})
    assert "secret" not in str(refused.value)


def test_places_are_known_by_a_digest(store: Store, trail: AuditTrail, taken: list[Tip]) -> None:
    sender(store).send_due()
    with store.reading() as connection:
        rows = connection.execute(schema.trail_sent.select()).all()
    assert [row.destination for row in rows] == [hashlib.sha256(HOOK.encode()).hexdigest()]
    assert "token" not in str(rows)

"""E-mails handed to a real SMTP server on loopback, and signed calls to a real HTTP receiver."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from catchments.core.errors import InputRefused, one_line
from catchments.core.mail_server import MailServer
from catchments.core.settings import Settings
from catchments.editions.delivery import DeliveryWorker, payloads
from catchments.lookup.snapshot import Snapshots
from catchments.store import Publication, Store
from catchments.store.engine import now
from catchments.store.outbox import webhook_calls
from catchments.store.outbox.claims import MAY_HAVE_BEEN_SENT, Claimed
from catchments.store.outbox.mail_sending import NotTaken, email_of, send_email
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.queue import Outbox
from catchments.store.outbox.webhook_addresses import Webhooks
from catchments.store.outbox.webhook_calls import call, checked_url, signature
from tests.serving import Quiet, in_a_thread
from tests.worlds import (
    HOSTILE,
    TODAY,
    at_once,
    next_edition,
    opened,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
    withdraw,
)

FROM = date(2026, 4, 1)
TOLD = Announcement(
    "provider",
    "P-AHI",
    "Ahi Trust",
    "kia@ahi.example",
    "What changes",
    "Kia ora, Ngā Rākau\n",
    FROM,
)


class Postbox:
    """An SMTP server's side: what it is told to answer first, and what it took."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.taken: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer == "break":
            self.taken.append((envelope.rcpt_tos, envelope.content))
            server.transport.abort()
            return "250 nobody hears this"
        if answer.startswith("250"):
            self.taken.append((envelope.rcpt_tos, envelope.content))
        return answer


@contextmanager
def smtp_server(postbox: Postbox, **how: Any) -> Iterator[MailServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port, **how)
    controller.start()
    try:
        yield MailServer("127.0.0.1", port, "attendance@ministry.example")
    finally:
        controller.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "delivery.sqlite") as made:
        made.add_release(small_release())
        publish_whole(made, small_edition())
        yield made


def publish(store: Store, *told: Announcement) -> int:
    publication = Publication(
        next_edition(FROM), FROM, 1, artefacts=simple_artefacts(), maker="t", notices=told
    )
    return store.publish([publication], expected=store.state())[0]


def courier(store: Store, **settings: Any) -> DeliveryWorker:
    given = Settings(database_url=store.url, **settings)
    snapshots = Snapshots(store, today=lambda: TODAY)
    return DeliveryWorker(Outbox(store), given, payloads(store, snapshots, given))


def make_due(store: Store) -> None:
    """Let the pause after a refusal pass."""
    from catchments.store import schema

    with store.writing() as connection:
        connection.execute(schema.delivery.update().values(next_at=now() - timedelta(minutes=1)))


def fates(store: Store) -> list[tuple[str, int]]:
    return [(each.state, each.attempts) for each in Outbox(store).deliveries()]


# --- e-mail ---------------------------------------------------------------------------------------


def test_a_notice_goes_out_once_as_an_email_that_says_what_it_says(store):
    publish(store, TOLD)
    postbox = Postbox()
    with smtp_server(postbox) as server:
        sender = courier(store, mail=server)
        assert [sender.send_due(), sender.send_due()] == [1, 0]
    ((recipients, content),) = postbox.taken
    message = message_from_bytes(content, policy=default)
    assert recipients == ["kia@ahi.example"]
    assert message["Subject"] == "What changes"
    assert message["Message-ID"] == f"<{TOLD.fingerprint}@ministry.example>"
    said = "All about this edition: /history/2 on the service's own site"
    assert message.get_content().replace("\r\n", "\n") == f"{TOLD.text}\n{said}\n"
    assert fates(store) == [("sent", 1)]


def test_a_server_that_refuses_twice_and_then_accepts_gets_it_once(store):
    publish(store, TOLD)
    postbox = Postbox("451 busy", "451 busy")
    with smtp_server(postbox) as server:
        sender = courier(store, mail=server)
        taken = []
        for _ in range(4):
            taken.append(sender.send_due())
            if taken[-1] == 0 and len(taken) < 3:
                make_due(store)
    assert taken == [0, 0, 1, 0]
    assert len(postbox.taken) == 1
    assert fates(store) == [("sent", 3)]


def test_a_server_that_is_not_there_is_tried_again_later(store):
    publish(store, TOLD)
    with smtp_server(Postbox()) as server:
        pass  # and now it is gone
    assert courier(store, mail=server).send_due() == 0
    assert fates(store) == [("waiting", 1)]


@pytest.mark.parametrize("answer", ["550 nobody of that name", "554 no"])
def test_a_lasting_refusal_is_not_asked_again(store, answer):
    publish(store, TOLD)
    with smtp_server(Postbox(answer)) as server:
        courier(store, mail=server).send_due()
    (failed,) = Outbox(store).deliveries("failed")
    assert failed.last_error == answer


def test_a_line_that_breaks_before_the_answer_leaves_it_to_a_person(store):
    publish(store, TOLD)
    postbox = Postbox("break")
    with smtp_server(postbox) as server:
        sender = courier(store, mail=server)
        sender.send_due()
        make_due(store)
        sender.send_due()
    assert len(postbox.taken) == 1
    (failed,) = Outbox(store).deliveries("failed")
    assert MAY_HAVE_BEEN_SENT in failed.last_error


def test_a_sender_that_is_killed_between_claim_and_mark_is_not_followed_by_another(store):
    publish(store, TOLD)
    postbox = Postbox()
    with smtp_server(postbox) as server:
        claimed = Outbox(store).claim()
        send_email(server, claimed)  # and here the process dies
        make_due(store)
        assert courier(store, mail=server).send_due() == 0
    assert len(postbox.taken) == 1
    assert fates(store) == [("sending", 0)]


def test_two_senders_at_once_send_each_notice_once(store):
    others = [replace(TOLD, recipient=f"P-{n}", email=f"n{n}@x.example") for n in range(8)]
    publish(store, *others)
    postbox = Postbox()
    with smtp_server(postbox) as server:
        taken = at_once(*[lambda: courier(store, mail=server).send_due()] * 2)
    assert sum(taken) == 8
    assert sorted(to for (to,), _ in postbox.taken) == sorted(each.email for each in others)


def test_it_logs_in_where_a_user_is_set(store):
    publish(store, TOLD)
    seen = []

    def authenticate(_server, _session, _envelope, _mechanism, data):
        seen.append((data.login, data.password) if isinstance(data, LoginPassword) else data)
        return AuthResult(success=True)

    how = {"authenticator": authenticate, "auth_require_tls": False}
    with smtp_server(Postbox(), **how) as server:
        given = replace(server, user="ministry", password="kererū".encode().hex())
        assert courier(store, mail=given).send_due() == 1
    assert seen == [(b"ministry", given.password.encode())]


def test_starttls_is_insisted_on_where_it_is_set(store):
    publish(store, TOLD)
    postbox = Postbox()
    with smtp_server(postbox) as server:  # which has none
        assert courier(store, mail=replace(server, starttls=True)).send_due() == 0
    assert postbox.taken == []
    assert fates(store) == [("waiting", 1)]


def test_without_a_server_nothing_is_claimed(store):
    publish(store, TOLD)
    assert courier(store).send_due() == 0
    assert fates(store) == [("waiting", 0)]


SERVER = MailServer("mail.example", 25, "attendance@ministry.example")


def claimed(**more: Any) -> Claimed:
    given = {"email": "kia@ahi.example", "subject": "S", "text": "T", "fingerprint": "ab"}
    return Claimed(1, 1, 0, now(), **{**given, **more})


@pytest.mark.parametrize(
    "subject",
    [
        "Ahi\r\nBcc: victim@x.example",
        "Ahi\nBcc: victim@x.example",
        "Ahi\0\x1b\u2028Bcc: v",
        HOSTILE,
    ],
)
def test_no_subject_adds_a_header(subject):
    raw = email_of(SERVER, claimed(subject=subject)).as_bytes()
    message = message_from_bytes(raw, policy=default)
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert message["Subject"].strip() == one_line(subject)  # folding may begin with a space


@pytest.mark.parametrize(
    "email",
    [
        HOSTILE,
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "Ana <a@b.example>",
        "a b@c.example",
        "nobody",
        "@b.example",
        "ngā@rākau.example",
    ],
)
def test_what_is_not_one_address_is_refused_for_good(email):
    with pytest.raises(NotTaken, match="is not one e-mail address") as refused:
        email_of(SERVER, claimed(email=email))
    assert refused.value.for_good


def test_an_email_links_to_what_its_edition_changed_and_that_is_no_part_of_what_is_told(store):
    publish(store, TOLD)
    postbox = Postbox()
    with smtp_server(postbox) as server:
        courier(store, mail=server, public_url="https://attendance.example").send_due()
    assert b"https://attendance.example/history/2" in postbox.taken[0][1]
    assert [row.text for row in Outbox(store).notices(2)] == [TOLD.text]


def test_a_text_with_a_lone_dot_arrives_whole(store):
    text = "One\n.\nTwo\n..\nQUIT\n"
    publish(store, replace(TOLD, text=text))
    postbox = Postbox()
    with smtp_server(postbox) as server:
        courier(store, mail=server).send_due()
    ((_, content),) = postbox.taken
    message = message_from_bytes(content, policy=default)
    assert message.get_content().replace("\r\n", "\n").startswith(text)


def test_quitting_badly_after_it_was_taken_changes_nothing(store, monkeypatch):
    publish(store, TOLD)
    postbox = Postbox()

    def broken(_smtp):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(smtplib.SMTP, "quit", broken)
    with smtp_server(postbox) as server:
        assert courier(store, mail=server).send_due() == 1
    assert fates(store) == [("sent", 1)]


# --- webhooks -------------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """Somebody else's service: what it is told to answer first, and what it got."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Taking(Quiet, BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    server = Receiver(*answers)
    with in_a_thread(server):
        yield server


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """What the documentation tells a receiver to do."""
    parts = dict(part.split("=", 1) for part in headers["X-Catchments-Signature"].split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


def test_a_webhook_is_told_of_an_edition_and_can_check_who_told_it(store):
    with receiver() as there:
        number, secret = Webhooks(store).add(there.url, by="hana")
        edition = publish(store)
        settings = {"webhooks_to_private": True, "public_url": "https://attendance.example"}
        assert courier(store, **settings).send_due() == 1
    ((headers, body),) = there.got
    told = json.loads(body)
    assert is_signed(secret, headers, body)
    assert not is_signed("another", headers, body)
    assert headers["X-Catchments-Delivery"] == "1"
    assert (told["edition"], told["effective_from"]) == (edition, "2026-04-01")
    assert told["url"] == f"https://attendance.example/history/{edition}"
    assert told["changes"]["compared_with"] == 1
    assert {each["school_id"] for each in told["changes"]["schools"]} == {55, 58, 60}
    assert number == 1


def test_a_webhook_that_fails_twice_gets_it_again_with_the_same_number(store):
    with receiver(500, 302, 200) as there:
        Webhooks(store).add(there.url, by="hana")
        publish(store)
        sender = courier(store, webhooks_to_private=True)
        taken = []
        for _ in range(4):
            taken.append(sender.send_due())
            if len(there.got) < 3:
                make_due(store)
    assert taken == [0, 0, 1, 0]
    assert {headers["X-Catchments-Delivery"] for headers, _ in there.got} == {"1"}
    assert len(there.got) == 3


def test_a_redirect_is_not_followed():
    with receiver(307) as there, pytest.raises(NotTaken, match="it answered 307"):
        call(there.url, "s", {}, delivery="1", to_private=True)
    assert len(there.got) == 1


def test_an_edition_that_was_withdrawn_meanwhile_is_not_told(store):
    with receiver() as there:
        Webhooks(store).add(there.url, by="hana")
        number = publish(store)
        withdraw(store, number)
        assert courier(store, webhooks_to_private=True).send_due() == 0
    assert there.got == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://10.0.0.1/",
        "http://192.168.1.1:8080/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://localhost/",
        "http://[fec0::1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://192.0.0.192/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
    ],
)
def test_a_private_target_is_refused_when_added_and_when_called(url):
    with pytest.raises(InputRefused, match="this machine or in a private network") as refused:
        checked_url(url, to_private=False)
    assert refused.value.field == "address"
    with pytest.raises(NotTaken):
        call(url, "s", {}, delivery="1", to_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://service.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:password@service.example/",
        "https://service.example:99999/",
        "https://service.example/a b",
        "https://service.example/\r\nX: y",
        "https://service.example/" + "a" * 2000,
        HOSTILE,
    ],
)
def test_what_is_no_address_of_a_service_is_refused(url):
    with pytest.raises(InputRefused):
        checked_url(url, to_private=True)
    with pytest.raises(NotTaken):
        call(url, "s", {}, delivery="1", to_private=True)


def test_a_name_that_turns_private_between_look_and_call_gets_nothing(monkeypatch):
    with receiver() as there:
        monkeypatch.setattr(webhook_calls, "_refuse_private", lambda _url: None)
        with pytest.raises(NotTaken, match="private network"):
            call(there.url, "s", {}, delivery="1", to_private=False)
    assert there.got == []


def test_a_signature_is_of_the_moment_and_the_body():
    one = signature("s", b"body", at=1)
    assert one.startswith("t=1,v1=")
    others = {signature("s", b"body", at=2), signature("s", b"bodY", at=1)}
    assert len({one, signature("t", b"body", at=1), *others}) == 4


# --- settings -------------------------------------------------------------------------------------


def settings_of(**environment: str) -> Settings:
    return Settings.from_environment(
        {f"CATCHMENTS_{name}": text for name, text in environment.items()}
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25, "a@b.example")),
        (
            "smtp://ana:p%40ss@mail.example:587?starttls=1",
            MailServer("mail.example", 587, "a@b.example", "ana", "p@ss", starttls=True),
        ),
        ("smtps://mail.example", MailServer("mail.example", 465, "a@b.example", implicit_tls=True)),
    ],
)
def test_a_mail_server_is_set_by_its_url(url, expected):
    assert settings_of(SMTP_URL=url, MAIL_FROM="a@b.example").mail == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://a:hunter2@h:x",
        "http://a:hunter2@h",
    ],
)
def test_what_is_no_mail_server_is_refused_without_showing_a_password(url):
    with pytest.raises(InputRefused, match="is not an address of an SMTP server") as refused:
        settings_of(SMTP_URL=url, MAIL_FROM="a@b.example")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "sender", ["", "nobody", "a@b.example\nBcc: c@d.example", "A <a@b.example>"]
)
def test_a_sender_that_is_not_one_address_is_refused(sender):
    with pytest.raises(InputRefused, match="CATCHMENTS_MAIL_FROM"):
        settings_of(SMTP_URL="smtp://mail.example", MAIL_FROM=sender)


def test_a_password_is_not_in_what_settings_say_of_themselves():
    made = settings_of(SMTP_URL="smtps://a:secret@mail.example", MAIL_FROM="a@b.example")
    assert "secret" not in repr(made)


@pytest.mark.parametrize("url", ["attendance.example", "https://a.example/?x=1", "javascript:x"])
def test_what_is_no_public_address_is_refused(url):
    with pytest.raises(InputRefused, match="CATCHMENTS_PUBLIC_URL"):
        settings_of(PUBLIC_URL=url)


# --- passwords on the line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["mail.example", "192.0.2.1", "[2001:db8::1]", "localhost.example"]
)
@pytest.mark.parametrize("ending", ["", "?starttls=0"])
def test_a_password_is_not_sent_in_clear_unless_somebody_says_so(host, ending):
    url = f"smtp://ana:hunter2@{host}:587{ending}"
    with pytest.raises(InputRefused, match="in clear") as refused:
        settings_of(SMTP_URL=url, MAIL_FROM="a@b.example")
    assert "hunter2" not in str(refused.value)
    said = settings_of(SMTP_URL=url, MAIL_FROM="a@b.example", SMTP_IN_CLEAR="1")
    assert said.mail.user == "ana"


@pytest.mark.parametrize(
    "url",
    [
        "smtp://ana:hunter2@mail.example?starttls=1",
        "smtps://ana:hunter2@mail.example",
        "smtp://ana:hunter2@localhost",
        "smtp://ana:hunter2@127.0.0.1:2525",
        "smtp://ana:hunter2@[::1]:2525",
        "smtp://mail.example",
    ],
)
def test_a_password_is_sent_under_cover_or_to_this_machine(url):
    assert settings_of(SMTP_URL=url, MAIL_FROM="a@b.example").mail is not None


def test_where_starttls_is_taken_out_of_the_line_no_password_is_said(store):
    publish(store, TOLD)
    seen = []

    def authenticate(_server, _session, _envelope, _mechanism, data):
        seen.append(data)
        return AuthResult(success=True)

    how = {"authenticator": authenticate, "auth_require_tls": False}
    with smtp_server(Postbox(), **how) as server:
        given = replace(server, starttls=True, user="ministry", password="hunter2")
        assert courier(store, mail=given).send_due() == 0
    assert seen == []


def test_a_certificate_that_nobody_vouches_for_is_not_taken(store, tmp_path):
    publish(store, TOLD)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    postbox = Postbox()
    with smtp_server(postbox, tls_context=context) as server:
        assert courier(store, mail=replace(server, starttls=True)).send_due() == 0
    assert postbox.taken == []
    assert fates(store) == [("waiting", 1)]


def self_signed(folder):
    """A certificate that 127.0.0.1 has made for itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins.replace(year=2099))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, *private))
    return files

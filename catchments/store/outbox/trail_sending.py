"""Sending the audit trail's last hash out of the house: by syslog, by e-mail, to a webhook.

Whoever owns the database can cut off the trail's end; only a hash that is kept elsewhere shows it.
It goes out beside the service's work, never in a request, and is tried until it is taken.
"""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from catchments.core.settings import Settings
from catchments.store.engine import Database, now
from catchments.store.integrity.outgoing import Outgoing, Tip
from catchments.store.outbox.claims import Claimed
from catchments.store.outbox.mail_sending import NotTaken, send_email
from catchments.store.outbox.webhook_calls import call

NOWHERE, WELL, LATE = "nowhere", "ok", "late"
"""What is said of it: no setting says where to, it went out, or it did not."""
SYSLOG_TIMEOUT_S = 5.0
SYSLOG_PORTS = {"syslog": 514, "syslog+tcp": 601}
_NOTICE_OF_AUDIT = 13 * 8 + 5
"""RFC 5424: the facility “log audit”, the severity “notice”."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose trail it is, as whoever keeps its hash is told."""

    program: str = "catchments"
    trail: str = "Audit trail"
    verified_with: str = "flask audit verify"


class TrailSender:
    """Sends the last hash whenever it is another, as often as settings say at most."""

    def __init__(
        self, database: Database, settings: Settings, origin: Origin | None = None
    ) -> None:
        self._outgoing = Outgoing(database)
        self._settings = settings
        self._origin = origin or Origin()
        self.state = WELL if settings.audit_out else NOWHERE
        """One of the words above, as this process last knew it."""

    def send_due(self, *, at: datetime | None = None) -> bool:
        """Send the last hash if it is due; return whether it went out."""
        url = self._settings.audit_out
        if not url:
            return False
        every = timedelta(seconds=self._settings.audit_out_every_s)
        tip = self._outgoing.claim(url, every=every, at=at or now())
        sent = tip is not None and self._sent(url, tip)
        self.state = LATE if self._outgoing.attempts(url) else WELL
        return sent

    def _sent(self, url: str, tip: Tip) -> bool:
        if tip.sent_before > tip.number:
            _log.warning(
                "the audit trail ends at entry %s, and entry %s has gone out: it was cut off",
                tip.number,
                tip.sent_before,
            )
        try:
            send(self._settings, tip, self._origin)
        except Exception as error:
            said = _said(error)
            _log.warning("the audit trail's last hash did not go out: %s", said)
            self._outgoing.mark_refused(url, said)
            return False
        self._outgoing.mark_taken(url, tip)
        return True


def send(settings: Settings, tip: Tip, origin: Origin) -> None:
    """Send a hash to where the settings say. Raises NotTaken and OSError."""
    url = settings.audit_out
    scheme = urlsplit(url).scheme
    if scheme in SYSLOG_PORTS:
        _send_syslog(url, syslog_message(tip, origin))
    elif scheme == "mailto":
        _send_mail(settings, tip, origin)
    else:
        call(
            url,
            settings.audit_out_key,
            {
                "program": origin.program,
                "audit_entry": tip.number,
                "at": tip.at,
                "hash": tip.hash,
            },
            delivery=f"audit-{tip.number}",
            to_private=settings.webhooks_to_private,
        )


def syslog_message(tip: Tip, origin: Origin) -> bytes:
    """Return the message of RFC 5424 that holds a hash."""
    host = socket.gethostname().encode("ascii", "replace").decode()[:255] or "-"
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = f"audit_entry={tip.number} at={tip.at} hash={tip.hash}"
    return f"<{_NOTICE_OF_AUDIT}>1 {at} {host} {origin.program} - audit - {said}".encode()


def _send_syslog(url: str, message: bytes) -> None:
    parts = urlsplit(url)
    if not parts.hostname:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
            local.settimeout(SYSLOG_TIMEOUT_S)
            local.connect(unquote(parts.path))
            local.send(message)
        return
    host, port = parts.hostname, parts.port or SYSLOG_PORTS[parts.scheme]
    if parts.scheme == "syslog+tcp":
        with socket.create_connection((host, port), timeout=SYSLOG_TIMEOUT_S) as stream:
            stream.sendall(f"{len(message)} ".encode() + message)  # RFC 6587, octets counted
        return
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as datagram:
        datagram.sendto(message, address)


def _send_mail(settings: Settings, tip: Tip, origin: Origin) -> None:
    if settings.mail is None:
        raise NotTaken("no SMTP server is set")
    text = (
        f"{origin.trail}: its last entry is number {tip.number}, of {tip.at}.\n"
        f"Its hash: {tip.hash}\n\n"
        f"Keep this message. `{origin.verified_with} --expect {tip.hash}` shows whether the entry "
        "is still there, and nothing before it was changed.\n"
    )
    message = Claimed(
        id=0,
        edition_number=0,
        attempts=0,
        claimed_at=now(),
        fingerprint=f"audit-{tip.hash}",
        email=settings.audit_out.removeprefix("mailto:"),
        subject=f"{origin.trail}: entry {tip.number}",
        text=text,
    )
    send_email(settings.mail, message)


def _said(error: Exception) -> str:
    """Return what is said of a failure: never an address, which may be what opens a webhook."""
    from requests import RequestException  # loaded already, if that is what failed

    cause = error.__cause__
    if isinstance(cause, RequestException):
        return type(cause).__name__
    return f"{type(error).__name__}: {error}"

"""Sending e-mails that wait: each is claimed, handed over by SMTP, and its fate written down.

A failure of which it is sure that nothing was taken is tried again. An e-mail whose fate is not
known is left to a person.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from catchments.core.errors import one_line, shown
from catchments.core.mail_server import EMAIL, MailServer
from catchments.core.settings import Settings
from catchments.store.outbox.claims import Claimed, Claims

MAIL_TIMEOUT_S = 30.0
SUBJECT_AT_MOST = 200
SENT_AT_ONCE = 500
"""At most, before whoever sends looks at other things again."""
_log = logging.getLogger(__name__)


class NotTaken(Exception):
    """Surely nothing was taken; `for_good` where asking again would not help."""

    def __init__(self, said: str, *, for_good: bool = False) -> None:
        super().__init__(said)
        self.for_good = for_good


class MailWorker:
    """Takes the e-mails that are due out of an outbox, one by one, and sends each."""

    def __init__(self, outbox: Claims, settings: Settings) -> None:
        self._outbox = outbox
        self._settings = settings

    def send_due(self) -> int:
        """Send what is due, and return how many were taken."""
        self._outbox.fail_stale()
        sent = 0
        for _ in range(SENT_AT_ONCE):
            claimed = self._outbox.claim(emails=self._settings.mail is not None)
            if claimed is None:
                break
            sent += self._send(claimed)
        return sent

    def hand_over(self, claimed: Claimed) -> None:
        """Hand an e-mail to the server that is set. Raises NotTaken where it surely was not."""
        if self._settings.mail is None:
            raise NotTaken("no SMTP server is set")
        send_email(self._settings.mail, claimed)

    def _send(self, claimed: Claimed) -> bool:
        try:
            self.hand_over(claimed)
        except NotTaken as error:
            self._outbox.mark_refused(claimed, str(error), for_good=error.for_good)
            return False
        except Exception as error:
            _log.warning("delivery %s: %s", claimed.id, type(error).__name__)
            self._outbox.mark_unsure(claimed, f"{type(error).__name__}: {error}")
            return False
        self._outbox.mark_sent(claimed)
        return True


def send_email(server: MailServer, claimed: Claimed) -> None:
    """Hand an e-mail to the server.

    Raises NotTaken where it surely was not taken; anything else leaves it open.
    """
    message = email_of(server, claimed)
    with _connected(server) as smtp:
        _accepted(smtp.mail(server.sender))
        _accepted(smtp.rcpt(claimed.email), lasting=True)
        try:
            reply = smtp.data(message.as_bytes())
        except smtplib.SMTPDataError as error:  # it did not even want to hear it
            reply = (error.smtp_code, str(error.smtp_error).encode())
        _accepted(reply, lasting=True)


def email_of(server: MailServer, claimed: Claimed) -> EmailMessage:
    """Return the e-mail of a notice; its id is the same each time. Raises NotTaken."""
    if not EMAIL.fullmatch(claimed.email) or len(claimed.email) > 254:
        raise NotTaken(f"{shown(claimed.email)} is not one e-mail address", for_good=True)
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = claimed.email
    message["Subject"] = one_line(claimed.subject)[:SUBJECT_AT_MOST]
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{claimed.fingerprint}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(claimed.text, cte="quoted-printable")
    return message


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    try:
        smtp = _connection(server)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"{server.host}: {type(error).__name__}: {error}") from error
    try:
        yield smtp
    finally:
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()  # what it says to that changes nothing
        smtp.close()


def _connection(server: MailServer) -> smtplib.SMTP:
    # Without a context smtplib would check no certificate. Reading those one trusts takes 20 ms.
    if server.implicit_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=MAIL_TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=MAIL_TIMEOUT_S)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.starttls:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _accepted(reply: tuple[int, bytes], *, lasting: bool = False) -> None:
    """Raise NotTaken unless a server's reply is a yes; `lasting` where its no may be one."""
    code, said = reply
    if not 200 <= code < 300:
        words = one_line(said.decode("utf-8", "replace"))
        raise NotTaken(f"{code} {words}", for_good=lasting and code >= 500)

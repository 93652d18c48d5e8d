"""The SMTP server that e-mails are handed over to, as whoever runs the service sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from catchments.core.environment_values import fitting, switch
from catchments.core.errors import InputRefused
from catchments.core.public_addresses import is_this_machine

_SMTP_PORTS = {"smtp": 25, "smtps": 465}
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""One e-mail address and nothing that could mean more in a header."""


@dataclass(frozen=True)
class MailServer:
    """The SMTP server through which providers are told."""

    host: str
    port: int
    sender: str
    """The address that e-mails come from."""
    user: str = ""
    password: str = field(default="", repr=False)
    implicit_tls: bool = False
    starttls: bool = False


def mail_server(environment: Mapping[str, str]) -> MailServer | None:
    """Return the server that is set, or None. Raises InputRefused."""
    text = environment.get("CATCHMENTS_SMTP_URL", "")
    if not text:
        return None
    sender = environment.get("CATCHMENTS_MAIL_FROM", "")
    allowed = "With CATCHMENTS_SMTP_URL it must be an e-mail address, and nothing else."
    fitting("CATCHMENTS_MAIL_FROM", sender, EMAIL.fullmatch, allowed)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _no_smtp_url() from None
    known = {"": False, "starttls=0": False, "starttls=1": True}
    if parts.scheme not in _SMTP_PORTS or not parts.hostname or parts.query not in known:
        raise _no_smtp_url()
    covered = parts.scheme == "smtps" or known[parts.query] or is_this_machine(parts.hostname)
    in_clear = switch(environment, "CATCHMENTS_SMTP_IN_CLEAR", "0")
    if (parts.username or parts.password) and not covered and not in_clear:
        raise _password_in_clear()
    return MailServer(
        host=parts.hostname,
        port=port or _SMTP_PORTS[parts.scheme],
        sender=sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
        starttls=known[parts.query],
    )


def _no_smtp_url() -> InputRefused:
    # Not shown: a password may be in it.
    return InputRefused(
        "CATCHMENTS_SMTP_URL is not an address of an SMTP server.",
        field="CATCHMENTS_SMTP_URL",
        allowed="It must be as smtp://user:password@host:587?starttls=1 or smtps://host:465.",
        next_step="In user and password write what is no letter or digit as %40 and so on.",
    )


def _password_in_clear() -> InputRefused:
    return InputRefused(
        "CATCHMENTS_SMTP_URL would send its user and password in clear.",
        field="CATCHMENTS_SMTP_URL",
        allowed="With a password it must be smtps://… or end in ?starttls=1, unless the server is "
        "this very machine.",
        next_step="Add ?starttls=1. Where the line between is safe in another way, set "
        "CATCHMENTS_SMTP_IN_CLEAR=1.",
    )

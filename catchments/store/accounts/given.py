"""What may be given of a person: a login, a name, an e-mail address, roles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from catchments.core.errors import InputRefused, shown
from catchments.core.roles import Role

LONGEST_LOGIN, LONGEST_NAME = 100, 200
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]*")
_EMAIL = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+")


def checked_login(text: str) -> str:
    """Return a login as it is kept. Raises InputRefused."""
    login = folded(text)
    if len(login) <= LONGEST_LOGIN and _LOGIN.fullmatch(login):
        return login
    raise InputRefused(
        f"The login is {shown(text)}.",
        field="login",
        allowed=f"It must be 1 to {LONGEST_LOGIN} letters a to z, digits and . _ @ + -.",
        next_step="An e-mail address will do.",
    )


def checked_line(text: str, field: str, at_most: int) -> str:
    """Return one line of text. Raises InputRefused."""
    line = unicodedata.normalize("NFC", text.strip())
    if 0 < len(line) <= at_most and line.isprintable():
        return line
    raise InputRefused(
        f"The {field} is {shown(text)}.",
        field=field,
        allowed=f"It must be one line of 1 to {at_most} characters.",
    )


def checked_email(text: str) -> str:
    """Return an e-mail address. Raises InputRefused."""
    line = checked_line(text, "email", LONGEST_NAME)
    if _EMAIL.fullmatch(line):
        return line
    raise InputRefused(
        f"The e-mail address is {shown(text)}.",
        field="email",
        allowed="It must be like name@example.nz.",
    )


def checked_roles(roles: Collection[Role]) -> frozenset[Role]:
    """Return somebody's roles. Raises InputRefused where there is none."""
    if roles:
        return frozenset(roles)
    raise InputRefused(
        "No role is given.",
        field="roles",
        allowed=f"Roles are {', '.join(Role)}; somebody may have several.",
        next_step="Give at least one; to end an account, disable it.",
    )


def folded(login: str) -> str:
    """Return a login in the form in which it is looked up."""
    return unicodedata.normalize("NFKC", login[: 2 * LONGEST_LOGIN]).strip().casefold()

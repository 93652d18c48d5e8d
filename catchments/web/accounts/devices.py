"""Browsers that signed in before, and from where a password comes: who guesses, for the budgets.

A browser in which somebody has signed in keeps a signed cookie of theirs (OWASP's “device
cookies”): its wrong guesses have a budget of their own, so that strangers who guess at a login lock
out nobody at their own desk. The cookie lets nobody in, and ends with the password that it was made
under.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadData

from catchments.core.public_addresses import counted_as
from catchments.core.roles import Person
from catchments.store.accounts.guess_budgets import Asker
from catchments.store.accounts.letters import Letter, enqueue
from catchments.store.accounts.people import Account, People
from catchments.web.accounts import access
from catchments.web.accounts.browser_names import browser_name
from catchments.web.accounts.room import room

KEPT_S = 180 * 24 * 60 * 60
PEOPLE_AT_MOST = 4
"""Of one browser, the last ones; the cookie holds no more."""
OF_IPV6 = (64, 48)
"""Prefixes that count as one: what one customer has at least, and what one site has."""
MARK_BYTES = 16
_SALT = "device"
_Known = list[list[str]]


def asker(login: str) -> Asker:
    """Return who gives a password for a login, as budgets tell those who ask apart."""
    found = People(room().store).known(login)
    device = "" if found is None or found.person.disabled_at else _mark_of(found)
    return Asker(key=_key(), networks=networks_of(request.remote_addr or ""), device=device)


def signed_in_asker() -> Asker:
    """Return whoever is signed in, who gives their password once more."""
    return Asker(key=_key(), is_signed_in=True)


def networks_of(address: str) -> tuple[str, ...]:
    """Return what an address is counted in, the narrowest first."""
    counted = [counted_as(address, ipv6_bits=bits) for bits in OF_IPV6]
    return tuple(dict.fromkeys(counted))  # of IPv4 they are the same


def remember(person: Person, *, is_here: bool) -> None:
    """Have the browser known from now on; its person is told where it was not before.

    `is_here` is whether they were signed in in it already.
    """
    found = People(room().store).account(person.id)
    if found is None:
        return
    if not is_here and not _mark_of(found):
        _tell(person)
    others = [entry for entry in _entries() if entry[0] != str(person.id)]
    own = [str(person.id), secrets.token_urlsafe(MARK_BYTES), found.password_mark]
    kept = [own, *others][:PEOPLE_AT_MOST]
    after_this_request(lambda response: _with_cookie(response, access.signer(_SALT).dumps(kept)))


def _tell(person: Person) -> None:
    with room().store.writing() as connection:
        browser = browser_name(request.headers.get("User-Agent", ""))
        enqueue(connection, person, Letter.DEVICE, browser=browser)


def _mark_of(found: Account) -> str:
    """Return the mark under which a browser is known for an account, or nothing."""
    whose, of_password = str(found.person.id), found.password_mark
    return next((mark for who, mark, made in _entries() if [who, made] == [whose, of_password]), "")


def _entries() -> _Known:
    """Return whom a browser is known for: number, mark, and the mark of their password then."""
    try:
        kept = access.signer(_SALT).loads(request.cookies.get(_name(), ""), max_age=KEPT_S)
    except BadData:
        return []
    return [[str(part) for part in entry] for entry in kept if len(entry) == 3][:PEOPLE_AT_MOST]


def _with_cookie(response: Response, value: str) -> Response:
    session = current_app.session_interface
    response.set_cookie(
        _name(),
        value,
        max_age=KEPT_S,
        path=session.get_cookie_path(current_app),
        secure=session.get_cookie_secure(current_app),
        httponly=True,
        samesite="Lax",
    )
    return response


def _name() -> str:
    return f"{current_app.session_interface.get_cookie_name(current_app)}-device"


def _key() -> bytes:
    secret = current_app.secret_key or b""
    known = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(b"budgets\0" + known).digest()


access.BEGUN.append(remember)

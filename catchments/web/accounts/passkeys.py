"""Passkeys: what browsers are asked, and whether what they answer may be taken.

A passkey belongs to one address. Where no setting says at which the public comes here, it can only
be this very machine's `localhost`: an IP address cannot have any. The library that checks them is
imported where one is used: it takes a tenth of a second, and the public needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import request, session

from catchments.core.public_addresses import read_address
from catchments.core.roles import Person
from catchments.store.accounts.factors import Passkey
from catchments.web.accounts import access
from catchments.web.accounts.room import room

if TYPE_CHECKING:
    from webauthn.helpers.structs import (
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

ASKED = "passkey"
"""What the session keeps of what a browser was asked: the latest alone."""
ANSWERED_WITHIN_S = 10 * 60
LONGEST_ANSWER = 16_000
LOCALHOST = "localhost"


class NotTaken(Exception):
    """A browser's answer cannot be taken; the text is for the audit trail."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who a passkey is for, as WebAuthn has it."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class New:
    """A passkey that was made just now."""

    credential: str
    public_key: str
    uses: int


def party() -> Party | None:
    """Return whom passkeys are for here, or None where there can be none."""
    public = room().settings.public_url
    parts = urlsplit(public or f"{request.scheme}://{request.host}")
    name = parts.hostname or ""
    if read_address(name) or (not public and name != LOCALHOST):
        return None
    return Party(name, f"{parts.scheme}://{parts.netloc}")


def asked_to_make(person: Person, held: list[Passkey]) -> str | None:
    """Return what a browser is asked to make a passkey, as JSON; None where there can be none."""
    its = party()
    if its is None:
        return None
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    options = generate_registration_options(
        rp_id=its.id,
        rp_name=room().name,
        user_id=f"{room().path} {person.id}".encode(),
        user_name=person.login,
        user_display_name=person.name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED, user_verification=_verified()
        ),
        exclude_credentials=_descriptors(held),
    )
    _remember(person, options.challenge, "make")
    return options_to_json(options)


def asked_to_show(person: Person, held: list[Passkey]) -> str | None:
    """Return what a browser is asked to show a passkey, as JSON; None where there is none."""
    its = party()
    if its is None or not held:
        return None
    from webauthn import generate_authentication_options, options_to_json

    options = generate_authentication_options(
        rp_id=its.id, allow_credentials=_descriptors(held), user_verification=_verified()
    )
    _remember(person, options.challenge, "show")
    return options_to_json(options)


def made(person: Person, answer: str) -> New:
    """Return the passkey that a browser has made as it was asked. Raises NotTaken."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url

    its, challenge, _ = _asked(person, "make")
    taken = _taken(
        verify_registration_response,
        credential=_short(answer),
        expected_challenge=challenge,
        expected_rp_id=its.id,
        expected_origin=its.origin,
        require_user_verification=True,
    )
    return New(
        bytes_to_base64url(taken.credential_id),
        bytes_to_base64url(taken.credential_public_key),
        taken.sign_count,
    )


def shown(person: Person, held: list[Passkey], answer: str) -> tuple[Passkey, int, datetime]:
    """Return which passkey a browser has shown, its count, and when it was asked for.

    Raises NotTaken.
    """
    from webauthn import base64url_to_bytes, verify_authentication_response

    its, challenge, asked_at = _asked(person, "show")
    passkey = _named(held, _short(answer))
    taken = _taken(
        verify_authentication_response,
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=its.id,
        expected_origin=its.origin,
        credential_public_key=base64url_to_bytes(passkey.public_key),
        credential_current_sign_count=passkey.uses,
        require_user_verification=True,
    )
    return passkey, taken.new_sign_count, asked_at


def _remember(person: Person, challenge: bytes, what: str) -> None:
    from webauthn.helpers import bytes_to_base64url

    asked = {"for": person.id, "to": what, "challenge": bytes_to_base64url(challenge)}
    session[ASKED] = {**asked, "at": access.moment().isoformat()}


def _asked(person: Person, what: str) -> tuple[Party, bytes, datetime]:
    """Return what a browser was asked, which is forgotten. Raises NotTaken."""
    from webauthn import base64url_to_bytes

    its, asked = party(), session.pop(ASKED, None)
    if its is None or not asked or (asked["for"], asked["to"]) != (person.id, what):
        raise NotTaken("nothing was asked")
    at = datetime.fromisoformat(asked["at"])
    if not 0 <= (access.moment() - at).total_seconds() <= ANSWERED_WITHIN_S:
        raise NotTaken("asked too long ago")
    return its, base64url_to_bytes(asked["challenge"]), at


def _named(held: list[Passkey], answer: str) -> Passkey:
    """Return the passkey of somebody that an answer names. Raises NotTaken."""
    from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json

    named = bytes_to_base64url(_taken(parse_authentication_credential_json, answer).raw_id)
    found = next((each for each in held if each.credential == named), None)
    if found is None:
        raise NotTaken("not a passkey of theirs")
    return found


def _taken(check: Any, *given: Any, **named: Any) -> Any:
    """Return what the library makes of an answer. Raises NotTaken, whatever it stumbles over."""
    try:
        return check(*given, **named)
    except Exception as error:
        raise NotTaken(type(error).__name__) from error


def _short(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise NotTaken("too long")
    return answer


def _verified() -> UserVerificationRequirement:
    # The device asks for a finger, a face or a PIN: without, whoever holds it is let in.
    from webauthn.helpers.structs import UserVerificationRequirement

    return UserVerificationRequirement.REQUIRED


def _descriptors(held: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(base64url_to_bytes(each.credential)) for each in held]

"""What people show beside a password: an authenticator app's codes, passkeys, recovery codes.

Each is taken in the one transaction that writes: of two that give the same code at once, or the
same use of a passkey, one is refused. Wrong codes have a budget of their own.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyotp
import sqlalchemy as sa
from pyotp.exceptions import OTPVerificationError

from catchments.core.errors import InputRefused, one_line
from catchments.core.roles import COMMAND_LINE, Person
from catchments.store import schema
from catchments.store.accounts import guess_budgets
from catchments.store.accounts.letters import Letter, enqueue
from catchments.store.accounts.people import by_id, by_login, end_sessions
from catchments.store.accounts.sessions import digest
from catchments.store.engine import Repository, now, sealer_of
from catchments.store.integrity.audit import append

STEP_S = 30
STEPS_APART = 1
"""How far a telephone's clock and ours may be apart: a code is good for a minute and a half."""
RECOVERY_CODES = 10
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: without those that are taken for one another."""
_LENGTH, _GROUP = 28, 4
"""Of a recovery code: five bits a letter, 140 together."""
_READ_AS = str.maketrans({"o": "0", "i": "1", "l": "1"})
LONGEST_CODE, LONGEST_NAME = 100, 60
PASSKEYS_AT_MOST = 10
_AN_APP = "An authenticator app"
_APP = re.compile("[0-9]{6}")
app_context = "app of person {person_id}".format
"""What the secret of somebody's app is sealed for."""
_A, _K, _R = schema.authenticator, schema.passkey, schema.recovery_code


class Kind(StrEnum):
    """What somebody has shown."""

    APP = "app"
    RECOVERY = "recovery code"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey, as its person sees it and as it is checked."""

    number: int
    credential: str
    public_key: str
    uses: int
    """As its device counts them, or zero where it does not."""
    name: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has beside a password."""

    app_since: datetime | None
    passkeys: list[Passkey]
    recovery_codes: int
    """How many are left."""

    def count(self) -> int:
        """Return how many factors there are; recovery codes stand in for one and are none."""
        return len(self.passkeys) + (self.app_since is not None)


def clock() -> float:
    """Return the seconds since 1970, by which codes are made."""
    return time.time()


class Factors(Repository):
    """The second factors in a store."""

    def of(self, person: Person) -> Held:
        """Return what somebody has."""
        with self._database.reading() as connection:
            return _held(connection, person)

    # --- made and removed -------------------------------------------------------------------------

    def add_app(self, person: Person, secret: str, code: str) -> list[str] | None:
        """Have somebody's app give codes from now on, in place of one that they had.

        Their sessions end. Returns new recovery codes where this is their first factor, and None
        where the code is not what the secret gives.
        """
        step = _step_of(secret, cleaned(code))
        if step is None:
            return None
        values: dict[str, Any] = {"last_step": step, "made_at": now()}
        with self._database.writing() as connection:
            values["secret"] = sealer_of(connection).seal(
                secret, context=app_context(person_id=person.id)
            )
            first = _held(connection, person).count() == 0
            connection.execute(_A.delete().where(_A.c.person_id == person.id))
            connection.execute(_A.insert().values(person_id=person.id, **values))
            _changed(connection, person, "person.app.add", Letter.FACTOR_ADDED, what=_AN_APP)
            return _new_codes(connection, person) if first else []

    def remove_app(self, person: Person, *, required: bool) -> None:
        """Forget somebody's app; their sessions end. Raises InputRefused for the last factor."""
        with self._database.writing() as connection:
            _refuse_to_lose(_held(connection, person), required=required)
            if connection.execute(_A.delete().where(_A.c.person_id == person.id)).rowcount:
                _changed(
                    connection, person, "person.app.remove", Letter.FACTOR_REMOVED, what=_AN_APP
                )
                _forget_codes_alone(connection, person)

    def add_passkey(
        self, person: Person, *, credential: str, public_key: str, uses: int, name: str
    ) -> list[str]:
        """Take a passkey; their sessions end. Returns as `add_app`; raises InputRefused."""
        values = {"credential": credential, "public_key": public_key, "uses": uses}
        values |= {"person_id": person.id, "made_at": now(), "name": _named(name)}
        with self._database.writing() as connection:
            held = _held(connection, person)
            if len(held.passkeys) >= PASSKEYS_AT_MOST:
                raise InputRefused(
                    f"You have {PASSKEYS_AT_MOST} passkeys.",
                    field="passkey",
                    next_step="Remove one that you do not use.",
                )
            if connection.scalar(sa.select(_K.c.id).where(_K.c.credential == credential)):
                raise InputRefused("That passkey is known already.", field="passkey")
            connection.execute(_K.insert().values(**values))
            what = str(values["name"])
            _changed(connection, person, "person.passkey.add", Letter.FACTOR_ADDED, what=what)
            return _new_codes(connection, person) if held.count() == 0 else []

    def remove_passkey(self, person: Person, number: int, *, required: bool) -> None:
        """Forget one of somebody's passkeys; their sessions end.

        Raises InputRefused for the last factor.
        """
        own = sa.and_(_K.c.id == number, _K.c.person_id == person.id)
        with self._database.writing() as connection:
            name = connection.scalar(sa.select(_K.c.name).where(own))
            if name is None:
                return
            _refuse_to_lose(_held(connection, person), required=required)
            connection.execute(_K.delete().where(own))
            _changed(connection, person, "person.passkey.remove", Letter.FACTOR_REMOVED, what=name)
            _forget_codes_alone(connection, person)

    def new_recovery_codes(self, person: Person) -> list[str]:
        """Return new recovery codes, in place of those before. Raises InputRefused."""
        with self._database.writing() as connection:
            if not _held(connection, person).count():
                raise InputRefused(
                    "Recovery codes stand in for an app or a passkey, and you have neither.",
                    next_step="Set one up; recovery codes come with it.",
                )
            note(connection, person, "person.recovery-codes")
            enqueue(connection, person, Letter.FACTOR_ADDED, what="New recovery codes")
            return _new_codes(connection, person)

    def reset(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Forget all that somebody has beside a password; their sessions end. Raises NotKnown."""
        with self._database.writing() as connection:
            person = by_login(connection, login)
            for table in (_A, _K, _R):
                connection.execute(table.delete().where(table.c.person_id == person.id))
            guess_budgets.clear(connection, [_purse(person)])
            _changed(connection, person, "person.factors.reset", Letter.FACTORS_RESET, by=by)

    # --- shown ------------------------------------------------------------------------------------

    def take_code(self, person: Person, text: str) -> Kind | None:
        """Return as what a code is taken, or None: it is wrong, used, or too many were wrong."""
        given = cleaned(text)
        with self._database.writing() as connection:
            is_open = by_id(connection, person.id).disabled_at is None
            if not is_open or guess_budgets.is_spent(connection, [_purse(person)]):
                return None
            is_app = _takes_app(connection, person, given)
            if not is_app and not _takes_recovery(connection, person, given):
                _count_failure(connection, person)
                return None
            kind = Kind.APP if is_app else Kind.RECOVERY
            guess_budgets.clear(connection, [_purse(person)])
            note(connection, person, "person.second-step", with_a=kind)
            return kind

    def take_passkey(
        self, person: Person, passkey: Passkey, *, uses: int, asked_at: datetime, moment: datetime
    ) -> bool:
        """Note that a passkey was used; False where it was used since it was asked for, or is gone.

        So what it has answered once is not taken again, though it may count nothing.
        """
        before = sa.or_(_K.c.used_at.is_(None), _K.c.used_at < asked_at)
        own = (_K.c.id == passkey.number, _K.c.person_id == person.id, _K.c.uses == passkey.uses)
        with self._database.writing() as connection:
            by_id(connection, person.id)
            used = _K.update().where(*own, before).values(uses=uses, used_at=moment)
            if not connection.execute(used).rowcount:
                return False
            note(connection, person, "person.second-step", with_a=Kind.PASSKEY)
            return True

    def refused(self, person: Person, why: str) -> None:
        """Note that a passkey's answer was not taken."""
        with self._database.writing() as connection:
            note(connection, person, "person.second-step.fail", with_a=Kind.PASSKEY, why=why)


def cleaned(code: str) -> str:
    """Return a code as it is compared: without blanks and hyphens, what is read alike as one."""
    kept = re.sub(r"[\s-]", "", code[: 2 * LONGEST_CODE]).casefold()
    return kept if _APP.fullmatch(kept) else kept.translate(_READ_AS)


def note(connection: sa.Connection, person: Person, action: str, **detail: Any) -> None:
    """Add what a person did about their factors to the audit trail."""
    actor = detail.pop("by", person.login)
    append(connection, actor=actor, action=action, subject=f"person {person.login}", **detail)


def _changed(
    connection: sa.Connection, person: Person, action: str, letter: Letter, **detail: str
) -> None:
    """End somebody's sessions, since what they sign in with has changed; record it, tell them."""
    end_sessions(connection, person.id)
    note(connection, person, action, **detail)
    enqueue(connection, person, letter, **detail)


def _takes_app(connection: sa.Connection, person: Person, given: str) -> bool:
    row = connection.execute(sa.select(_A).where(_A.c.person_id == person.id)).one_or_none()
    if row is None or not _APP.fullmatch(given):
        return False
    secret = sealer_of(connection).unseal(row.secret, context=app_context(person_id=person.id))
    step = _step_of(secret, given)
    if step is None or step <= row.last_step:
        return False
    connection.execute(_A.update().where(_A.c.person_id == person.id).values(last_step=step))
    return True


def _step_of(secret: str, given: str) -> int | None:
    """Return the step of the code that a secret gives about now, if it is the one given."""
    if not _APP.fullmatch(given):
        return None
    totp = pyotp.TOTP(secret, interval=STEP_S)
    try:
        return totp.verify_and_get_timecode(given, for_time=clock(), valid_window=STEPS_APART)
    except OTPVerificationError:
        return None


def _held(connection: sa.Connection, person: Person) -> Held:
    since = sa.select(_A.c.made_at).where(_A.c.person_id == person.id)
    left = sa.select(sa.func.count()).select_from(_R).where(_R.c.person_id == person.id)
    keys = sa.select(_K).where(_K.c.person_id == person.id).order_by(_K.c.id)
    return Held(
        connection.scalar(since),
        [_passkey(row) for row in connection.execute(keys)],
        connection.scalar(left) or 0,
    )


def _passkey(row: Any) -> Passkey:
    names = (name for name in Passkey.__slots__ if name != "number")
    return Passkey(number=row.id, **{name: getattr(row, name) for name in names})


def _named(text: str) -> str:
    """Return what somebody calls a passkey, in one line."""
    return one_line(text)[:LONGEST_NAME] or "Passkey"


def _refuse_to_lose(held: Held, *, required: bool) -> None:
    if required and held.count() <= 1:
        raise InputRefused(
            "Your role asks for a second step, and this is your only one.",
            field="factors",
            next_step="Set up another first.",
        )


# --- recovery codes -------------------------------------------------------------------------------


def _new_codes(connection: sa.Connection, person: Person) -> list[str]:
    codes = [
        "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(RECOVERY_CODES)
    ]
    connection.execute(_R.delete().where(_R.c.person_id == person.id))
    rows = [{"person_id": person.id, "digest": digest(code)} for code in codes]
    connection.execute(_R.insert(), rows)
    return ["-".join(re.findall(f".{{{_GROUP}}}", code)) for code in codes]


def _takes_recovery(connection: sa.Connection, person: Person, given: str) -> bool:
    if len(given) != _LENGTH:
        return False
    own = _R.delete().where(_R.c.person_id == person.id, _R.c.digest == digest(given))
    return bool(connection.execute(own).rowcount)


def _forget_codes_alone(connection: sa.Connection, person: Person) -> None:
    """Forget recovery codes that stand in for nothing any more."""
    if not _held(connection, person).count():
        connection.execute(_R.delete().where(_R.c.person_id == person.id))


# --- the budget of wrong codes --------------------------------------------------------------------


def _purse(person: Person) -> guess_budgets.Purse:
    return guess_budgets.own_purse(guess_budgets.Kind.SECOND_FACTOR, person.login)


def _count_failure(connection: sa.Connection, person: Person) -> None:
    failures, lock = guess_budgets.fail(connection, _purse(person))
    note(connection, person, "person.second-step.fail", failures=failures)
    if lock:
        note(connection, person, "person.codes-lock", seconds=int(lock.total_seconds()))
        enqueue(connection, person, Letter.FACTOR_WRONG)

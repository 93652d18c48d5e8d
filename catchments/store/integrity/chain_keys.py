"""Keys of the audit trail's chain: random, sealed in the database under a key that it has not.

The first is made at the first start; another only where a person begins the chain anew because the
data key is lost. A key's number stands in each entry that is under it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import sqlalchemy as sa

from catchments.runtime.key_files import KeyTrouble
from catchments.store import schema
from catchments.store.engine import sealer_of

_T = schema.secret
_NAME = "chain key "
_NUMBERS = frozenset(map(str, range(1, 1_000)))
"""Written as a key's number is: whatever else stands there is none of ours."""


def sealed_keys(connection: sa.Connection) -> dict[int, str]:
    """Return the keys as they are kept, by number."""
    query = sa.select(_T.c.name, _T.c.value).where(is_key())
    rows = connection.execute(query).all()
    found = {row.name.removeprefix(_NAME): row.value for row in rows}
    return {int(number): found[number] for number in found if number in _NUMBERS}


def add_key(connection: sa.Connection) -> int:
    """Make another key and return its number; makes the data key where there is none."""
    number = max(sealed_keys(connection), default=0) + 1
    sealed = sealer_of(connection).seal(secrets.token_hex(32), context=_context(number))
    connection.execute(_T.insert().values(name=f"{_NAME}{number}", value=sealed))
    return number


def mac_of(connection: sa.Connection, entry_hash: str) -> str | None:
    """Return an entry's hash under the newest key, or None where there is none yet.

    Raises KeyMissing, SealBroken and KeyRefused.
    """
    keys = sealed_keys(connection)
    if not keys:
        return None
    number = max(keys)
    return macs(unsealed(connection, number, keys[number]), number, entry_hash)


def unsealed(connection: sa.Connection, number: int, sealed: str) -> str:
    """Return a key. Raises KeyMissing, SealBroken and KeyRefused."""
    return sealer_of(connection).unseal(sealed, context=_context(number))


def keys_at_hand(connection: sa.Connection) -> tuple[dict[int, str], dict[int, str]]:
    """Return the keys that can be used, and why others cannot, by number."""
    known, missing = {}, {}
    for number, sealed in sealed_keys(connection).items():
        try:
            known[number] = unsealed(connection, number, sealed)
        except KeyTrouble as error:
            missing[number] = str(error)
    return known, missing


def macs(key: str, number: int, entry_hash: str) -> str:
    """Return an entry's hash under a key, with the key's number."""
    digest = hmac.new(key.encode(), f"audit entry {entry_hash}".encode(), hashlib.sha256)
    return f"{number}:{digest.hexdigest()}"


def is_key() -> sa.ColumnElement[bool]:
    """Return the condition for rows that hold a key."""
    return _T.c.name.startswith(_NAME)


def context_of_row(*, name: str, **_: object) -> str:
    """Return what a key is sealed for, given the columns of its row."""
    return _context(name.removeprefix(_NAME))


def _context(number: int | str) -> str:
    return f"key {number} of the audit trail"

"""The first start under keys: the trail's chain, what was there already, secrets that stood open.

What was written before is told apart for ever: one entry says where the keyed chain begins, and
holds the hash of all before it; others hold digests of what was found, and say when.
"""

from __future__ import annotations

import sqlalchemy as sa

from catchments.core.roles import COMMAND_LINE
from catchments.core.settings import Settings
from catchments.runtime.key_files import KeyPlace, KeyRefused
from catchments.store import schema
from catchments.store.engine import Database, sealer_of
from catchments.store.integrity.audit import FIRST_HASH, KEY_BEGINS, append, last_entry
from catchments.store.integrity.chain_keys import add_key, mac_of, sealed_keys
from catchments.store.integrity.sealed_columns import seal_all
from catchments.store.integrity.session_keys import place_of_session_keys
from catchments.store.integrity.verifying import seal_as_found, sealed_secrets

SESSION = "session"
"""The name under which earlier versions kept the sessions' key in the database."""


def protect(database: Database, settings: Settings) -> list[str]:
    """See that keys are there and in use, and return a sentence for each thing that was done.

    A second time it does nothing. Raises KeyTrouble, also where the trail's own key cannot be used
    here; what is only read needs no keys.
    """
    with database.writing() as connection:
        said = _begin(connection)
        seal_all(connection)
        table = schema.secret
        connection.execute(table.delete().where(table.c.name == SESSION))
    place = place_of_session_keys(settings)
    if not place.keys():
        place.made()
        said.append(f"The sessions' key is new: it is in {place.said}.")
    _refuse_one_for_both(place, database.sealer.place)
    with database.reading() as connection:
        mac_of(connection, FIRST_HASH)  # or says that no entry can be added
    return said


def _refuse_one_for_both(one: KeyPlace, other: KeyPlace) -> None:
    if set(one.keys()) & set(other.keys()):
        raise KeyRefused(
            f"{one.said} and {other.said} hold the same key.",
            allowed="Each needs a key of its own.",
            next_step="Make one anew with `openssl rand -hex 32`.",
        )


def begin_anew(connection: sa.Connection, *, by: str, reason: str) -> int:
    """Begin the trail's chain under another key, because the last is lost; return its number.

    What stands before is held by the entry's hash from there on; whether it is what was written
    under the lost key cannot be told any more.
    """
    sealer_of(connection).place.made()
    number = add_key(connection)
    append(
        connection, actor=by, action=KEY_BEGINS, subject="audit trail", key=number, reason=reason
    )
    return number


def _begin(connection: sa.Connection) -> list[str]:
    if sealed_keys(connection):
        return []
    last, sealed = last_entry(connection), sealed_secrets(connection)
    number = add_key(connection)
    append(
        connection,
        actor=COMMAND_LINE,
        action=KEY_BEGINS,
        subject="audit trail",
        key=number,
        entries_before=last.number if last else 0,
        last_hash_before=last.hash if last else FIRST_HASH,
        **({"secrets_sealed_before": sealed} if sealed else {}),
    )
    found = seal_as_found(connection, by=COMMAND_LINE)
    place = "The audit trail is under a key from here on."
    as_found = [f"Digests as found now: {', '.join(found)}."] if found else []
    return [place, *as_found, *([_taken_away(sealed)] if sealed else [])]


def _taken_away(sealed: int) -> str:
    return (
        f"Warning: the trail had no key, though {sealed} secrets of this database are sealed. "
        "Somebody may have taken the key out, and written all entries anew: compare the trail with "
        "a backup, or with a hash that went out."
    )

"""The keys that sessions are signed with, which no database holds."""

from __future__ import annotations

from catchments.core.settings import Settings
from catchments.runtime.key_files import KeyPlace
from catchments.store.engine import database_file
from catchments.store.integrity.sealing import session_key_place


def place_of_session_keys(settings: Settings) -> KeyPlace:
    """Return where the keys are: CATCHMENTS_SECRET_KEY, or a file of this machine."""
    file = database_file(settings.database_url)
    return session_key_place(file, settings.secret_keys, settings.keys_folder)

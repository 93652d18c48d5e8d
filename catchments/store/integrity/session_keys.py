"""The keys that sessions are signed with, which no database holds."""

from __future__ import annotations

from catchments.core.settings import Settings
from catchments.runtime.key_files import KeyPlace
from catchments.store.engine import database_file
from catchments.store.integrity.sealing import folder_of_keys


def place_of_session_keys(settings: Settings) -> KeyPlace:
    """Return where the keys are: CATCHMENTS_SECRET_KEY, or a file of this machine."""
    folder = folder_of_keys(database_file(settings.database_url), settings.keys_folder)
    return KeyPlace("CATCHMENTS_SECRET_KEY", folder / "session-key", settings.secret_keys)

"""A sealer whose key the database keeps: until the service has a key of its own for data."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet

from catchments.store.accounts.people import Secrets
from catchments.store.engine import Database


class DatabaseSealer:
    """Encrypts with a key made from a secret in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seal(self, content: bytes) -> str:
        """Return content encrypted."""
        return self._fernet().encrypt(content).decode()

    def unseal(self, text: str) -> bytes:
        """Return what was sealed."""
        return self._fernet().decrypt(text)

    def _fernet(self) -> Fernet:
        value = Secrets(self._database).value("data")
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()))

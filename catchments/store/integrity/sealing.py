"""Sealing: secrets that are in the database only under a key that the database does not hold.

AES-256-GCM under keys that HKDF-SHA-256 makes of those that are set or in a file. What is sealed
says which key it is under, by a short digest, and opens in its own place alone: `context` names the
row and the column, so that nothing sealed can be moved to another. The first key seals, all unseal.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from catchments.core.errors import shown
from catchments.core.settings import ROOT
from catchments.runtime.key_files import KeyPlace, KeyTrouble

if TYPE_CHECKING:  # seven megabytes, which a worker does without until something is sealed
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DATA_KEY = "CATCHMENTS_DATA_KEY"
FOLDER, DATA_FILE = "keys", "data-key"
"""Of a database's keys, beside its file."""
_MARK = "sealed:1:"
_NONCE_BYTES, _KEY_BYTES, _NAME_BYTES = 12, 32, 4


class KeyMissing(KeyTrouble):
    """A key that something is sealed under is not at hand here."""


class SealBroken(KeyTrouble):
    """What is sealed is not what was sealed, or not in its own place."""


class Sealer:
    """Seals and unseals under the keys of one place, which are read when they are needed."""

    def __init__(self, place: KeyPlace, *, may_make: Callable[[], bool] = lambda: True) -> None:
        self.place = place
        self._may_make = may_make
        self._known: dict[str, AESGCM] = {}
        """By the key's name; the one that seals is first."""

    def seal(self, value: str, *, context: str) -> str:
        """Return a text that opens only here and for the same context, such as “webhook 3 secret”.

        Makes the file of keys where there is none yet and nothing is sealed. Raises KeyMissing and
        KeyRefused.
        """
        if not self._ciphers() and not self._may_make():
            raise _missing(self.place, "data key of this database is not at hand")
        name, cipher = next(iter(self._ciphers(make=True).items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, value.encode(), _bound(name, context))
        return f"{_MARK}{name}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, context: str) -> str:
        """Return what was sealed.

        Raises KeyMissing where its key is not at hand, SealBroken where it was changed, or sealed
        for something else, or never, and KeyRefused.
        """
        name, _, rest = sealed.removeprefix(_MARK).partition(":")
        if not is_sealed(sealed):
            raise _broken(context, "is not sealed")
        cipher = self._cipher(name, context)
        from cryptography.exceptions import InvalidTag

        try:
            held = base64.b64decode(rest, altchars=b"-_", validate=True)
            if base64.urlsafe_b64encode(held).decode() != rest:  # bits that no byte has
                raise _broken(context, "was changed")
            return cipher.decrypt(
                held[:_NONCE_BYTES], held[_NONCE_BYTES:], _bound(name, context)
            ).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise _broken(context, "was changed, or was sealed for something else") from error

    def at_hand(self) -> bool:
        """Whether there is a key here. Raises KeyRefused."""
        return bool(self._ciphers())

    def opens(self, sealed: str) -> bool:
        """Whether the key that something is sealed under is at hand. Raises KeyRefused."""
        return key_name(sealed) in self._ciphers(again=key_name(sealed) not in self._known)

    def is_current(self, sealed: str) -> bool:
        """Whether something is sealed under the first key. Raises KeyRefused."""
        return key_name(sealed) == next(iter(self._ciphers(again=True)), None)

    def key_names(self) -> list[str]:
        """Return what keys are called, the one that seals first; it tells nothing of them."""
        return list(self._ciphers(again=True))

    def _cipher(self, name: str, context: str) -> AESGCM:
        known = self._ciphers(again=name not in self._known)  # it may have been exchanged meanwhile
        if name not in known:
            raise _missing(
                self.place, f"{context} is sealed under the key {shown(name)}, which is not at hand"
            )
        return known[name]

    def _ciphers(self, *, make: bool = False, again: bool = False) -> dict[str, AESGCM]:
        if again or not self._known:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            keys = self.place.made() if make else self.place.keys()
            self._known = {
                _name(key): AESGCM(_derived(key, b"sealing", _KEY_BYTES)) for key in keys
            }
        return self._known


def key_place(
    database_file: Path | None, given: tuple[str, ...] = (), folder: Path | None = None
) -> KeyPlace:
    """Return where the data keys of a database are; `database_file` is None for one elsewhere."""
    return KeyPlace(DATA_KEY, folder_of_keys(database_file, folder) / DATA_FILE, given)


def folder_of_keys(database_file: Path | None, folder: Path | None = None) -> Path:
    """Return the folder that a database's files of keys are in: the one set, or beside it."""
    if folder is not None:
        return folder
    return (database_file.absolute().parent if database_file else ROOT / "instance") / FOLDER


def is_sealed(text: str) -> bool:
    """Whether a text looks like something sealed."""
    return text.startswith(_MARK)


def key_name(sealed: str) -> str:
    """Return what the key is called that something is sealed under."""
    return sealed.removeprefix(_MARK).partition(":")[0]


def _bound(name: str, context: str) -> bytes:
    return f"{_MARK}{name}:{context}".encode()


def _name(key: str) -> str:
    return _derived(key, b"name", _NAME_BYTES).hex()


def _derived(key: str, use: bytes, size: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    made = HKDF(algorithm=SHA256(), length=size, salt=None, info=b"catchments data key: " + use)
    return made.derive(key.encode())


def _missing(place: KeyPlace, what: str) -> KeyMissing:
    return KeyMissing(
        f"The {what}.",
        next_step=f"Put back {place.file} as it was, or set {place.setting} to the key that this "
        "database was used with; a backup does not hold it.",
    )


def _broken(context: str, why: str) -> SealBroken:
    return SealBroken(
        f"The {context} cannot be used: what the database holds for it {why}.",
        next_step="Somebody may have written to the database by hand; compare it with a backup.",
    )

"""Keys: texts at random that are set, or that stand in a file of this machine, one a line.

The first of several is the one that is used; the others are still known, so that a key is exchanged
by putting a new one before it. A file is made once, whole, for its owner alone, however many start
at once. Keys are never shown.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from catchments.core.errors import CatchmentsError
from catchments.core.settings import checked_keys
from catchments.runtime.disk import OWNERS_FILE, fsync, make_folder

LONGEST_FILE = 4_096
"""Bytes; a file of keys is a few lines."""
ROOT_USER = 0


class KeyTrouble(CatchmentsError):
    """Keys that are not at hand, or not what they must be: of the service, not of who asks."""


class KeyRefused(KeyTrouble):
    """A file of keys that is not what it must be, or cannot be read or made."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the keys of a kind are: in a setting, or else in a file of this machine."""

    setting: str
    """The name of the environment variable."""
    file: Path
    given: tuple[str, ...] = field(default=(), repr=False)
    """What the setting holds; empty where it is not set."""

    def keys(self) -> tuple[str, ...]:
        """Return the keys, the one in use first; none where nobody has made any.

        Raises KeyRefused for a file that others may read, or that is no file of keys.
        """
        return self.given or _read(self.file, self.setting)

    def made(self) -> tuple[str, ...]:
        """Return the keys, after making a file with one where there is none. Raises KeyRefused."""
        found = self.keys()
        if found:
            return found
        try:
            _make(self.file)
        except OSError as error:
            raise KeyRefused(
                f"The file of keys {self.file} cannot be made: {error.strerror}.",
                next_step=f"Let its folder be written, or set {self.setting}.",
            ) from error
        return self.keys()

    @property
    def said(self) -> str:
        """The setting or the file, for sentences; never a key."""
        return self.setting if self.given else f"the file {self.file}"


def _make(file: Path) -> None:
    """Make a file with one key: whole or not at all, and one only."""
    make_folder(file.parent)
    part = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNERS_FILE)
    try:
        os.fchmod(handle, OWNERS_FILE)  # a umask may have taken even that away
        with os.fdopen(handle, "w") as writing:
            writing.write(f"{secrets.token_hex(32)}\n")
            writing.flush()
            os.fsync(writing.fileno())
        with suppress(FileExistsError):  # somebody who started as well was first
            os.link(part, file)
    finally:
        part.unlink()
    fsync(file.parent)


def _read(file: Path, setting: str) -> tuple[str, ...]:
    try:
        # A link may lead to what others write; and whoever opens a pipe waits for its writer.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _refused(file, f"cannot be read ({error.strerror})", setting) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(file, "is no file", setting)
        _refuse_exposed(file, found, setting)
        return _keys_in(os.read(handle, LONGEST_FILE + 1), file, setting)
    finally:
        os.close(handle)


def _keys_in(held: bytes, file: Path, setting: str) -> tuple[str, ...]:
    if len(held) > LONGEST_FILE or not held.isascii() or not held.strip():
        raise _refused(file, "holds no keys", setting)
    return checked_keys(held.decode("ascii"), named=f"The file {file}")


def _refuse_exposed(file: Path, found: os.stat_result, setting: str) -> None:
    mode, here = stat.S_IMODE(found.st_mode), os.geteuid()
    if mode & 0o077:
        # Not mended in silence: somebody may have read it.
        raise KeyRefused(
            f"The file of keys {file} has mode {mode:04o}: other accounts of this "
            "machine may use it.",
            next_step=f"Run: chmod 600 {shlex.quote(str(file))} – and exchange the key if others "
            "may have read it.",
        )
    if here != ROOT_USER and found.st_uid not in {here, ROOT_USER}:
        raise _refused(file, "belongs to another account of this machine", setting)


def _refused(file: Path, why: str, setting: str) -> KeyRefused:
    return KeyRefused(
        f"The file of keys {file} {why}.",
        allowed="It must be a file of this account with mode 0600, a key a line.",
        next_step=f"Put back the one that was there, or set {setting}.",
    )

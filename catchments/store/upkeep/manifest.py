"""Manifests of backups: what a file holds, behind its last byte, so that the two cannot be parted.

SQLite counts its pages and PostgreSQL's custom format its blocks, so both leave alone what follows:
a line of JSON, a line with the seal (or an empty one), and a line that says how long they are and
what their SHA-256 is. Whoever changes the file can write all that anew, but not the seal, which is
made with the key that the database does not hold.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from pathlib import Path

import msgspec

from catchments.store.integrity.sealing import KeyMissing, SealBroken, Sealer, is_sealed
from catchments.store.upkeep.inspection import Held

CONTEXT = "backup"
"""What the seal is bound to."""
LONGEST_BYTES = 256 << 20
_END = re.compile(rb"catchments-backup 1 ([0-9]{12}) ([0-9a-f]{64})\n")
_END_BYTES = 98


class Manifest(msgspec.Struct, frozen=True):
    """What a backup is, as it was written."""

    made: str
    """ISO 8601, UTC."""
    program: str
    """The version that wrote it."""
    kind: str
    revision: str
    """Of the schema."""
    bytes: int
    """How long the file is without its manifest."""
    sha256: str
    """Of the file without its manifest."""
    held: Held
    trail_broken_at: int | None
    """The entry at which the audit trail was broken already."""


class Origin(StrEnum):
    """What is known of who wrote a backup."""

    OURS = "ours"
    """Sealed with a key that is at hand here."""
    UNKNOWN = "unknown"
    """Not sealed, or with a key that is not at hand."""


class ManifestBroken(Exception):
    """A manifest that is there and is not what was written; the text says how."""


def attach(file: Path, manifest: Manifest, sealer: Sealer | None) -> None:
    """Write a manifest behind the last byte of a file, sealed if there is a key at hand."""
    told = msgspec.json.encode(manifest)
    seal = sealer.seal(_sha256(told), context=CONTEXT) if sealer and sealer.at_hand() else ""
    block = b"\n%b\n%b\n" % (told, seal.encode())
    end = b"catchments-backup 1 %012d %b\n" % (len(block), _sha256(block).encode())
    with file.open("ab") as opened:
        opened.write(block + end)


def attached(file: Path, sealer: Sealer | None = None) -> tuple[Manifest, Origin] | None:
    """Return the manifest of a file and who wrote it, or None where there is none at its end.

    Raises ManifestBroken, and OSError.
    """
    block = _block(file)
    if block is None:
        return None
    told, _, seal = block[1:-1].rpartition(b"\n")
    try:
        manifest = msgspec.json.decode(told, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestBroken("its digest is of another version") from error
    if manifest.bytes != file.stat().st_size - len(block) - _END_BYTES:
        raise ManifestBroken("it is longer or shorter than it was written")
    return manifest, _origin(told, seal.decode("ascii", "replace"), sealer)


def digest_before(file: Path, manifest: Manifest) -> str:
    """Return the SHA-256 of a file without its manifest, as it is now."""
    digest, left = hashlib.sha256(), manifest.bytes
    with file.open("rb") as opened:
        while left and (piece := opened.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def _block(file: Path) -> bytes | None:
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(0, size - _END_BYTES))
        end = _END.fullmatch(opened.read())
        if not end:
            return None
        length = int(end[1])
        if not 3 < length <= min(LONGEST_BYTES, size - _END_BYTES):
            raise ManifestBroken("its digest is longer than the file")
        opened.seek(size - _END_BYTES - length)
        block = opened.read(length)
    if _sha256(block) != end[2].decode():
        raise ManifestBroken("its digest itself was changed or damaged")
    return block


def _origin(told: bytes, seal: str, sealer: Sealer | None) -> Origin:
    if sealer is None or not is_sealed(seal) or not sealer.opens(seal):
        return Origin.UNKNOWN
    try:
        sealed = sealer.unseal(seal, context=CONTEXT)
    except KeyMissing:
        return Origin.UNKNOWN
    except SealBroken:
        sealed = ""
    if sealed != _sha256(told):
        raise ManifestBroken("its digest was written anew by somebody without this service's key")
    return Origin.OURS


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

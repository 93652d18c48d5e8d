"""Gzip files: what is packed in them, in a stream and within limits."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.archives import MAX_UNPACKED_RATIO, RATIO_COUNTS_FROM_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 64 << 10


def opened(path: Path) -> io.BufferedReader:
    """Open a file to read its bytes, unpacked where it is gzip; its `raw` tells how far it is read.

    Raises OSError here; reading raises FileRefused for gzip that is damaged, ends early, or is made
    to burst.
    """
    file = path.open("rb")
    packed = file.peek(len(MAGIC)).startswith(MAGIC)
    return io.BufferedReader(_Unpacked(path, file), _PIECE_BYTES) if packed else file


class _Unpacked(io.RawIOBase):
    """The bytes that are packed in a gzip file; `tell` counts the packed ones."""

    def __init__(self, path: Path, packed: IO[bytes]) -> None:
        super().__init__()
        self.name = str(path)
        self._path, self._packed = path, packed
        self._unpacked = gzip.GzipFile(fileobj=packed)
        self._given = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer as far as the next piece goes. Raises FileRefused."""
        room = memoryview(buffer).cast("B")
        try:
            piece = self._unpacked.read1(len(room))
        except (OSError, EOFError, zlib.error) as error:
            raise FileRefused(
                f"{shown(self._path.name)} is gzip that is damaged or ends too early.",
                next_step="Pack or download it again.",
            ) from error
        self._given += len(piece)
        self._refuse_bursting()
        room[: len(piece)] = piece
        return len(piece)

    def tell(self) -> int:
        """Return how many packed bytes have been read."""
        return self._packed.tell()

    def close(self) -> None:
        """Close the file."""
        self._packed.close()
        super().close()

    def _refuse_bursting(self) -> None:
        few = self._given <= RATIO_COUNTS_FROM_BYTES
        if few or self._given <= MAX_UNPACKED_RATIO * max(1, self._packed.tell()):
            return
        raise FileRefused(
            f"{shown(self._path.name)} unpacks to more than {MAX_UNPACKED_RATIO} times its size.",
            allowed="A table packs to a tenth or so; what packs better is made to burst.",
            next_step="If it is a table all the same, unpack it first.",
        )

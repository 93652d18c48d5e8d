"""Text files of rows: their encoding, and the cells that strict CSV makes of them.

Nothing is guessed at: quotes that go wrong, what is no text, and a file that breaks off are faults,
each with its line and column.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from io import StringIO, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats import gzip_files
from catchments.readers.report import Progress, no_progress

DELIMITERS = (",", ";", "\t")
TABLE_DELIMITERS = (*DELIMITERS, "|")
"""What parts the columns of a table that somebody keeps; a text sent to the API has no bars."""
LONGEST_ROW = 1_000_000
"""Characters of one row; a cell may have 131,072, as Python's reader has it."""
UTF8 = "utf-8-sig"
WINDOWS = "cp1252"
UTF16 = "utf-16"
ENCODING_NAMES = {
    UTF8: "UTF-8",
    WINDOWS: "Windows-1252",
    UTF16: "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
"""What a person calls the encodings that `encoding_of` returns."""
_MEGABYTE = 1 << 20
_HEAD_BYTES = 4096
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_WIDER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SURELY_WIDE = 8
"""Letters of ASCII, each beside a zero, that a file without a mark has to begin with."""
_WEB_TAGS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<meta")
_SAID_SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?;*\s*', re.IGNORECASE)
"""What Excel takes for a separator, and not for a row, in the first line of a file."""
_LONGEST_SAID = 40
_QUOTE = '"'
_QUOTED = re.compile('"(?:[^"]++|"")*+"[\r\n]*')
_STRAY = re.compile("[\udc80-\udcff]")
"""What Python makes of a byte that is no text, when asked to go on."""
_AGAIN = "Download or save the file again, as CSV UTF-8."
_QUOTES_TWICE = f"{_AGAIN[:-1]}; in a quoted cell, write “{_QUOTE}” twice."


# --- what a file is -------------------------------------------------------------------------------


class Looks(Enum):
    """What a file is by its first bytes; text of some kind if it is nothing else."""

    ZIP = auto()
    GZIP = auto()
    OLD_WORKBOOK = auto()
    """Or one with a password."""
    WIDE_TEXT = auto()
    PDF = auto()
    PARQUET = auto()
    WEB_PAGE = auto()
    XML = auto()
    JSON = auto()
    TEXT = auto()


def looks_of(head: bytes) -> Looks:
    """Return what a file is that begins so."""
    for look, marks in (
        (Looks.ZIP, (b"PK\x03\x04",)),
        (Looks.GZIP, (b"\x1f\x8b",)),
        (Looks.OLD_WORKBOOK, (b"\xd0\xcf\x11\xe0",)),
        (Looks.PDF, (b"%PDF-",)),
        (Looks.PARQUET, (b"PAR1", b"PARE")),
        (Looks.WIDE_TEXT, _WIDE_MARKS),
    ):
        if head.startswith(marks):
            return look
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(b"<"):
        return Looks.WEB_PAGE if any(tag in start for tag in _WEB_TAGS) else Looks.XML
    return Looks.JSON if start.startswith((b"{", b"[")) else Looks.TEXT


def unpacked_head_of(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked where it is gzip. Raises FileRefused."""
    if not head_of(path).startswith(gzip_files.MAGIC):
        return head_of(path)
    with gzip_files.opened(path) as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise FileRefused(f"{shown(path.name)} has nothing in it.", next_step="Download it again.")
    return head


def head_of(path: Path) -> bytes:
    """Return a file's first bytes. Raises FileRefused where there are none to read."""
    try:
        if not path.exists():
            raise FileRefused(
                f"There is no file {shown(path.name)} in its folder.",
                next_step="Check its name and folder.",
            )
        if not path.is_file():
            kind = ", it is a folder" if path.is_dir() else ""
            raise FileRefused(f"{shown(path)} is not a file{kind}.", next_step="Name a file.")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError) as error:
        raise _cannot_be_opened(path, error) from error
    if not head:
        raise FileRefused(f"{shown(path.name)} is empty.", next_step="Download it again.")
    return head


def _cannot_be_opened(path: Path, error: Exception) -> FileRefused:
    return FileRefused(
        f"{shown(path)} cannot be opened ({error}).", next_step="Check its name and rights."
    )


# --- rows -----------------------------------------------------------------------------------------


class TextFault(Exception):
    """Why a text cannot be read for sure; `line` is where the row at fault begins, from 1.

    `column` is 0 where it cannot be told.
    """

    def __init__(self, line: int, column: int, problem: str, next_step: str = _AGAIN) -> None:
        super().__init__(problem)
        self.line, self.column = line, column
        self.problem, self.next_step = problem, next_step

    def refusal(self, path: Path, names: Sequence[str] = ()) -> FileRefused:
        """Return the refusal of a file for this; `names` are those of its columns."""
        name = f" {shown(names[self.column - 1])}" if 0 < self.column <= len(names) else ""
        where = f"line {self.line}" + (f", column {self.column}{name}" if self.column else "")
        return FileRefused(
            f"{shown(path.name)}, {where}: {self.problem}.",
            next_step=self.next_step,
            rows=(where,),
        )


@contextmanager
def refused_at_fault(path: Path, names: Sequence[str] = ()) -> Iterator[None]:
    """Raise FileRefused for a TextFault within, with line and column, and for a failing disk."""
    try:
        yield
    except TextFault as fault:
        raise fault.refusal(path, names) from fault
    except OSError as error:
        raise _cannot_be_opened(path, error) from error


def open_text(path: Path, encoding: str = UTF8, *, errors: str = "strict") -> TextIOWrapper:
    """Open a file for `TextRows`; gzip is unpacked."""
    return TextIOWrapper(gzip_files.opened(path), encoding, errors, newline="")


def said_separator(path: Path, encoding: str) -> str:
    """Return what a first line `sep=;` says of the file below it, or nothing."""
    with open_text(path, encoding, errors="replace") as file:
        return separator_in(file.readline(_LONGEST_SAID))


def separator_in(line: str) -> str:
    """Return what a line `sep=;` says, or nothing where it is another line."""
    found = _SAID_SEPARATOR.fullmatch(line) if len(line) <= _LONGEST_SAID else None
    return found[1] if found and found[1] not in '\r\n"\0' else ""


def last_byte(path: Path) -> bytes:
    """Return the last byte of a file that is no zero, as UTF-16 has them."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2))
        return file.read().replace(b"\0", b"")[-1:]


def bytes_read(file: TextIOWrapper) -> int:
    """Return how far a file has been read, up to some kilobytes more than `TextRows` has given."""
    return file.buffer.raw.tell()  # type: ignore[attr-defined,no-any-return]


class _Damaged(Exception):
    """A line that no text file has."""


class TextRows:
    """The rows of an open text, to be read once: each with the line that it begins on, from 1.

    Raises TextFault for quotes that go wrong (unless not `strict`), a row longer than one can be,
    and what is no text.
    """

    def __init__(
        self,
        file: TextIO,
        delimiter: str = ",",
        *,
        strict: bool = True,
        longest_row: int = LONGEST_ROW,
    ) -> None:
        self.line = 0
        """Lines read so far."""
        self.is_cut = False
        """Whether the last line had no end."""
        self._file, self._delimiter, self._longest_row = file, delimiter, longest_row
        self._row: list[str] = []
        self._lines = self._checked(file)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=strict)

    def skip(self, lines: int) -> None:
        """Leave out the next lines, whatever is in them."""
        for _ in islice(self._lines, lines):
            self._row.clear()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        begins, row = self.line + 1, self._row
        try:
            for cells in self._reader:
                yield begins, cells
                row.clear()
                begins = self.line + 1
        except (csv.Error, _Damaged) as error:
            column = _column_of_fault("".join(row), self._delimiter)
            step = _QUOTES_TWICE if isinstance(error, csv.Error) else _AGAIN
            raise TextFault(begins, column, _in_words(error), step) from error
        except UnicodeDecodeError as error:
            raise self._first_stray() from error

    def misshapen(self, line: int, cells: Sequence[str], width: int) -> TextFault:
        """Return the fault of a row that has not as many cells as the header."""
        if self.is_cut and len(cells) < width:
            whole = "Download it again; if it is whole, add a line end to its last row."
            return TextFault(line, len(cells), "the file breaks off", whole)
        what = f"there are {len(cells)} cells under a header of {width}"
        return TextFault(line, min(len(cells), width) + 1, what)

    def _first_stray(self) -> TextFault:
        """Read the file again; return the fault of the first cell that is no text."""
        path = Path(self._file.name)
        if self._file.encoding != UTF8:  # of UTF-16 nothing can be told from the fault on
            fault, _ = _decoding_fault(path, self._file.encoding, no_progress)
            name = ENCODING_NAMES.get(self._file.encoding, self._file.encoding)
            return TextFault(fault.line if fault else 1, 0, f"this is not {name} text")
        with open_text(path, self._file.encoding, errors="surrogateescape") as file:
            rows = TextRows(file, self._delimiter, strict=False)
            strays = (
                TextFault(line, column, "this is not UTF-8 text")
                for line, cells in rows
                for column, cell in enumerate(cells, start=1)
                if _STRAY.search(cell)
            )
            return next(strays)

    def _checked(self, file: TextIO) -> Iterator[str]:
        row, length = self._row, 0
        for text in iter(partial(file.readline, self._longest_row + 1), ""):
            self.line += 1
            length = len(text) + (length if row else 0)
            row.append(text)
            if text[-1] not in "\r\n":
                self.is_cut = True
            if length > self._longest_row:
                raise _Damaged(f"there is a row of more than {self._longest_row:,} characters")
            if "\0" in text:
                raise _Damaged("there is a NUL byte")
            yield text


@contextmanager
def long_cells(at_most: int) -> Iterator[None]:
    """Let a cell of a text be so long for a while: as a boundary is."""
    previous = csv.field_size_limit(at_most)
    try:
        yield
    finally:
        csv.field_size_limit(previous)


def rows_of_text(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of a text that is held already; raises TextFault for quotes that go wrong."""
    try:
        yield from csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        for _ in TextRows(StringIO(text, newline=""), delimiter):
            pass  # up to the fault, which this way has a line and a column
        raise


def _in_words(error: Exception) -> str:
    said = str(error)
    if "limit" in said:
        return "a cell is too long, or its quotation mark is not closed"
    if "end of data" in said:
        return "a quotation mark is opened and never closed; the file may be cut off"
    return "a quotation mark stands inside a cell" if "expected after" in said else said


def _column_of_fault(text: str, delimiter: str) -> int:
    """Return the number of the column in which the quotes of a row's text go wrong, or its last."""
    column, at = 1, 0
    while at < len(text):
        if quoted := _QUOTED.match(text, at):
            ends = quoted.end()
        elif text[at] == _QUOTE:
            return column
        else:
            ends = text.find(delimiter, at)
        if ends < 0 or text[ends : ends + 1] != delimiter or "\0" in text[at:ends]:
            return column
        column, at = column + 1, ends + 1
    return column


# --- encoding -------------------------------------------------------------------------------------


def encoding_of(path: Path, progress: Progress) -> tuple[str, int]:
    """Return the encoding of a text file, a key of `ENCODING_NAMES`, and how many lines it has.

    What is valid UTF-8 is UTF-8. UTF-16 has a mark, or a first line of ASCII. What is neither is
    taken for Windows-1252, which whoever calls has to say. Raises FileRefused for what is none of
    them, and for text that is damaged.
    """
    wide = wide_encoding(path, head_of(path))
    if wide is not None:
        fault, line_count = _decoding_fault(path, wide, progress)
        if fault is not None:
            raise _damaged_text(path, "UTF-16", fault)
        return wide, line_count
    fault, line_count = _decoding_fault(path, UTF8, progress)
    if fault is None:
        return UTF8, line_count
    if fault.other_letters:
        raise _damaged_text(path, "UTF-8", fault)
    fault, line_count = _decoding_fault(path, WINDOWS, progress)
    if fault is None:
        return WINDOWS, line_count
    raise FileRefused(
        f"{shown(path.name)} is not text: line {fault.line} is neither UTF-8 nor Windows-1252.",
        next_step="Save it as CSV UTF-8.",
        rows=(f"line {fault.line}",),
    )


def is_utf8(path: Path) -> bool:
    """Whether all of a file is UTF-8, with a mark or without."""
    fault, _ = _decoding_fault(path, UTF8, no_progress)
    return fault is None


def _damaged_text(path: Path, encoding: str, fault: _Fault) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} is {encoding} text up to line {fault.line}, which is damaged.",
        next_step="Download it again, or save it as CSV UTF-8.",
        rows=(f"line {fault.line}",),
    )


def wide_encoding(path: Path, head: bytes) -> str | None:
    """Return how what begins so is UTF-16, or None where it is not for sure.

    Raises FileRefused for UTF-32.
    """
    if head.startswith(_WIDER_MARKS):
        raise FileRefused(f"{shown(path.name)} is UTF-32 text.", next_step="Save it as CSV UTF-8.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF16
    if _alternates(letters=head[::2], zeros=head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if _alternates(letters=head[1::2], zeros=head[::2]) else None


def _alternates(*, letters: bytes, zeros: bytes) -> bool:
    """Whether a first line is letters of ASCII, each beside a zero."""
    line = letters.partition(b"\n")[0]
    sure = len(line) >= _SURELY_WIDE and line.isascii() and 0 not in line
    return sure and not any(zeros[: len(line)])


@dataclass(frozen=True, slots=True)
class _Fault:
    line: int
    other_letters: bool
    """Whether letters beyond ASCII were decoded before the fault, so that the guess was right."""


def _decoding_fault(path: Path, encoding: str, progress: Progress) -> tuple[_Fault | None, int]:
    decoder = codecs.getincrementaldecoder(encoding)()
    size = path.stat().st_size
    other_letters = False
    line = 1
    done = 0
    with gzip_files.opened(path) as file:
        for block in chain(iter(partial(file.read, _MEGABYTE), b""), [b""]):
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                return _Fault(line + good.count(b"\n"), other_letters or not good.isascii()), 0
            other_letters = other_letters or not text.isascii()
            line += text.count("\n")
            done += len(block)
            progress(f"Checking {path.name}", min(done, size), size)
    return None, line

"""Dated texts of the site's own pages: what a school is told beside its answer, and whose it is.

A YAML file for each page in `data/site/`, with its pieces; each says where it comes from, when
somebody compared it with that, and from when it is overdue to be compared again. Staff may put
versions of their own in place of a piece, from a day (see `store.site.content`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.lookup.dated_files import converted, line_of, parsed
from catchments.lookup.plain_markup import MarkupRefused, blocks
from catchments.store.site.content import PUBLISHED, ContentCheck, ContentVersion

FOLDER = Path(__file__).resolve().parents[2] / "data" / "site"
PAGES = (
    "ask-for-support",
    "help",
    "not-enrolled",
    "section-19",
    "contact",
    "about",
    "privacy",
    "accessibility",
    "copyright",
)
"""Each is a file of the folder and an address of the site; in the order of their lists."""

_ID = r"^[a-z][a-z0-9-]{0,39}\Z"
_WEB = r"^(https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+([/?#][!-~]*)?)?\Z"
Id = Annotated[str, Meta(pattern=_ID)]
Text = Annotated[str, Meta(pattern=r"\S")]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a piece comes from."""

    title: Text
    url: Annotated[str, Meta(pattern=_WEB)] = ""
    """Empty only where it is no page of the web: what this service itself does, say."""
    note: str = ""
    """How it was read, where that is not as anybody would."""


class Piece(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of a page."""

    id: Id
    title: Text
    text: Text
    """As `plain_markup` reads it."""
    source: Source
    checked_on: date
    """When somebody compared it with its source."""
    check_again_after: date

    @property
    def digest(self) -> str:
        """What was compared with the source: of title, text and source, without the dates."""
        said = msgspec.json.encode([self.title, self.text, self.source])
        return hashlib.sha256(said).hexdigest()[:16]


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page as it ships."""

    page: Id
    title: Text
    summary: Text
    pieces: Annotated[tuple[Piece, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Edited:
    """A piece as staff have it, in force from a day."""

    piece: Piece
    version: int
    effective_from: date


@dataclass(frozen=True, slots=True)
class Check:
    """A comparison with the source, of what has a digest."""

    digest: str
    checked_on: date
    check_again_after: date


# --- what holds on a day --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Texts:
    """What staff have put in place of what ships, and what they have compared since."""

    edited: tuple[Edited, ...] = ()
    checks: tuple[Check, ...] = ()

    def on(self, day: date, shipped: Piece) -> Piece:
        """Return a piece as it holds on a day, with when it was last compared."""
        found = in_force(self.edited, shipped.id, day)
        return self.compared(found.piece if found else shipped)

    def compared(self, piece: Piece) -> Piece:
        """Return a piece with the dates of its latest comparison, as it ships or made since."""
        latest = self.latest_check(piece.digest)
        if latest is None or latest.checked_on < piece.checked_on:
            return piece
        return msgspec.structs.replace(
            piece, checked_on=latest.checked_on, check_again_after=latest.check_again_after
        )

    def latest_check(self, digest: str) -> Check | None:
        """Return the latest comparison of what has a digest."""
        return next((each for each in reversed(self.checks) if each.digest == digest), None)


def texts_of(versions: Sequence[ContentVersion], checks: Sequence[ContentCheck]) -> Texts:
    """Return what holds of what a store keeps: what is published, and what was compared."""
    return Texts(
        tuple(
            Edited(piece_of(each), each.version, each.effective_from)
            for each in versions
            if each.state == PUBLISHED
        ),
        tuple(Check(each.digest, each.checked_on, each.check_again_after) for each in checks),
    )


def piece_of(version: ContentVersion) -> Piece:
    """Return a version as the piece that it is."""
    source = Source(title=version.source_title, url=version.source_url, note=version.source_note)
    return Piece(
        id=version.piece,
        title=version.title,
        text=version.text,
        source=source,
        checked_on=version.checked_on,
        check_again_after=version.check_again_after,
    )


def in_force(edited: Iterable[Edited], piece: str, day: date) -> Edited | None:
    """Return the version with the latest `effective_from` up to a day, the later number of two."""
    begun = (each for each in edited if each.piece.id == piece and each.effective_from <= day)
    return max(begun, key=lambda each: (each.effective_from, each.version), default=None)


def is_overdue(check_again_after: date | None, day: date) -> bool:
    """Whether something should have been compared with its source by a day."""
    return check_again_after is None or check_again_after < day


# --- reading --------------------------------------------------------------------------------------


@cache
def shipped_pages() -> Mapping[str, Page]:
    """Return the pages that ship with the service; the files are read once. Raises FileRefused."""
    return read_pages(FOLDER)


def shipped_pieces() -> Mapping[str, Piece]:
    """Return every piece that ships, by its id."""
    return {piece.id: piece for page in shipped_pages().values() for piece in page.pieces}


def read_pages(folder: Path) -> Mapping[str, Page]:
    """Return the pages of a folder, each under its name. Raises FileRefused."""
    pages = {name: read_page(folder / f"{name}.yaml") for name in PAGES}
    ids = Counter(piece.id for page in pages.values() for piece in page.pieces)
    if twice := [each for each, times in ids.items() if times > 1]:
        raise FileRefused(
            f"data/{folder.name}: the id {shown(twice[0])} stands there {ids[twice[0]]} times.",
            allowed="Each piece has an id of its own, whichever page it is on.",
            next_step="Rename one.",
        )
    return pages


def read_page(path: Path) -> Page:
    """Return the page of a YAML file. Raises FileRefused."""
    page = converted(path.name, parsed(path), Page, _allowed)
    if path.stem != page.page:
        raise FileRefused(
            f"{path.name}: page is {shown(page.page)}.",
            allowed="A file must be named after its page.",
            next_step=f"Write {path.stem} there.",
        )
    for at, piece in enumerate(page.pieces):
        _refuse_unfit(path, at, piece)
    return page


def _refuse_unfit(path: Path, at: int, piece: Piece) -> None:
    try:
        check(piece)
    except MarkupRefused as refused:
        line = line_of(path, ["pieces", at, "text"]) + refused.line - 1
        raise _in_file(f"{path.name}, line {line}, piece {piece.id}", refused) from refused
    except InputRefused as refused:
        raise _in_file(f"{path.name}, piece {piece.id}", refused) from refused


def _in_file(place: str, refused: InputRefused) -> FileRefused:
    return FileRefused(
        f"{place}: {refused.problem}", allowed=refused.allowed, next_step="Correct the file."
    )


def check(piece: Piece) -> None:
    """Refuse a piece that contradicts itself or whose text is no markup. Raises InputRefused."""
    blocks(piece.text)
    if piece.check_again_after <= piece.checked_on:
        raise InputRefused(
            f"check_again_after is {piece.check_again_after}, and it was checked on "
            f"{piece.checked_on}.",
            field="check_again_after",
            allowed="It must be a later day.",
            next_step="Correct the date.",
        )


def _allowed(said: str) -> str:
    """Return what may stand where the complaint says that something is amiss."""
    if said.endswith(".id`"):
        return "An id is of small letters, digits and hyphens, a letter first, 40 at most."
    if said.endswith(".url`"):
        return "The address of a source begins with https://."
    if "matching regex" in said:
        return "A text must not be blank."
    if "date" in said and "missing" not in said:
        return "A date is as 2026-11-30."
    part = Source if "source" in said else Piece if "pieces[" in said else Page
    return f"The keys there are {', '.join(part.__struct_fields__)}."

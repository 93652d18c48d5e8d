"""Checks of a boundary file before it is read, and the words that it is refused in.

What is found out later, while its rows or shapes are read, is worded beside the check of it.
"""

from __future__ import annotations

from pathlib import Path

from catchments.core.errors import FileRefused, shown

MAX_FILE_BYTES = 200_000_000
MAX_FEATURES = 200_000
"""Rows, placemarks or folders of one file: all of them are held at once."""

ALLOWED = (
    "It must be KML, KMZ, GeoJSON, GeoPackage, GeoParquet, TopoJSON, a zipped Shapefile, or CSV"
    " with a WKT column."
)


def check_is_file(path: Path) -> None:
    """Refuse what is no file, too large a file, or a web page saved under a map's name."""
    try:
        bytes_ = path.stat().st_size
    except (OSError, ValueError) as error:
        raise FileRefused(
            f"There is no file {shown(path.name)} in its folder.",
            next_step="Check its name and folder.",
        ) from error
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "something"
        raise FileRefused(f"{shown(path)} is {kind}, not a file.", allowed=ALLOWED)
    if bytes_ > MAX_FILE_BYTES:
        raise FileRefused(
            f"{shown(path.name)} is {bytes_ / 1e6:,.0f} MB.",
            allowed=f"A boundary file may have {MAX_FILE_BYTES / 1e6:,.0f} MB.",
            next_step="Simplify its boundaries, or split it and import the parts together.",
        )
    _check_is_no_web_page(path)


def _check_is_no_web_page(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError as error:
        raise FileRefused(f"{shown(path.name)} cannot be opened: {error.strerror}.") from error
    if head.startswith((b"<!doctype html", b"<html")):
        raise FileRefused(
            f"{shown(path.name)} is a web page, not a boundary file.",
            next_step="Download it again; sign in first if the site asks for it.",
        )


def not_what_it_says(path: Path, kind: str, error: object = "") -> FileRefused:
    """Return the refusal of a file that should have been of this kind; `error` says why not."""
    detail = f": {shown(error)}" if str(error) else ""
    return FileRefused(
        f"{shown(path.name)} is not {kind}, or it is damaged{detail}.",
        allowed=ALLOWED,
        next_step="Export or download it again.",
    )


def refuse_many(count: int, path: Path) -> None:
    """Refuse a file with more features than any map of catchments has."""
    if count > MAX_FEATURES:
        raise FileRefused(
            f"{shown(path.name)} has more than {MAX_FEATURES:,} features.",
            allowed=f"A boundary file may have {MAX_FEATURES:,}.",
            next_step="Check that it is the right file; or leave out what is no catchment.",
        )


def pages_lacking(head: bytes, size: int) -> int:
    """Return how many pages a SQLite file lacks that begins so, of so many bytes.

    Zero where its head does not say how many it has. SQLite itself misses only those that it asks
    for. Source: https://www.sqlite.org/fileformat.html, 1.3.
    """
    page, pages, changes, valid_for = (
        int.from_bytes(head[at : at + length])
        for at, length in ((16, 2), (28, 4), (24, 4), (92, 4))
    )
    page = 65_536 if page == 1 else page
    if not page or changes != valid_for:
        return 0
    return max(0, pages - size // page)

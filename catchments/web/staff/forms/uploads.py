"""Uploaded files: read in a process of their own, never by the web worker itself."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePath

import msgspec
import shapely
from flask import request
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry
from werkzeug.datastructures import FileStorage

from catchments.core.errors import InputRefused
from catchments.core.settings import UNFENCED_FILES
from catchments.geometry.wkb import read as read_wkb
from catchments.readers.fenced_programs import ONE_THREAD
from catchments.readers.reading_job import Read, Wish, decoded_read, encoded
from catchments.readers.report import facts_of, line_of_text
from catchments.runtime import subprocess_job
from catchments.runtime.fence.plans import Fence
from catchments.store.drafts.uploads import KEPT_FOR, Upload, Uploads
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts.access import me, once_a_request
from catchments.web.common.services import service
from catchments.web.spoken.page_words import for_pages
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages.draft_view import DraftState

READER = "catchments.commands.jobs.reading"
READ_WITHIN_S = 60.0
FILES_AT_MOST = 20
LARGEST_KEPT = 100_000_000
"""Bytes of a reading: several times what the finest boundaries of the country come to."""
REASON_KEPT = 500
"""Characters of a refusal that the audit trail keeps."""
REFUSAL_SHOWN, ROWS_SHOWN = 10_000, 100
"""Characters, and rows at fault: whatever a reader says that a file may have taken over."""
FORMATS = ".kml,.kmz,.geojson,.topojson,.json,.gpkg,.parquet,.geoparquet,.zip,.csv"
_QUOTED = re.compile(r"“([^”]*)”")


def area_of_file(typed: FormReader, field: str) -> BaseGeometry:
    """Return the area that an uploaded file holds; WGS 84, longitude -180…180.

    Raises FormRefused, in one message, for a file that cannot be taken.
    """
    read = read_files(typed.files(field)[:1], Wish([], crs=typed.text("crs") or None), field)
    return sound(read.area, field)


def keep(worked: DraftState, area: BaseGeometry, name: str) -> str:
    """Keep an area that was read from a file until its draft takes it; return its digest.

    The digest is all that goes to the browser.
    """
    upload = Upload(name, shapely.to_wkb(area))
    return Uploads(service().store).keep(worked.draft.id, upload, by=me())


def kept(worked: DraftState, digest: str, field: str) -> tuple[BaseGeometry, str]:
    """Return the area that `keep` kept, for the same person and draft, and its file's name.

    Raises FormRefused for any other, and for one that was kept too long ago.
    """
    found = _found(worked, digest)
    if found is None:
        raise _lost(field)
    return sound(found.content, field), found.name


def keep_reading(
    worked: DraftState, files: Sequence[FileStorage], wish: Wish, field: str
) -> tuple[str, Read]:
    """Keep what uploaded files hold until their draft takes it; return its digest, and it.

    Raises FormRefused as `read_files` does, and for more than is kept of any file.
    """
    read = replace(read_files(files, wish, field), sought=wish.sought)
    content = encoded(read)
    if len(content) > LARGEST_KEPT:  # a row of the database, and five of them for each draft
        raise _unreadable(field)
    upload = Upload(", ".join(file.filename or "" for file in files)[:200], content)
    return Uploads(service().store).keep(worked.draft.id, upload, by=me()), read


def kept_reading(worked: DraftState, digest: str, field: str) -> Read:
    """Return what `keep_reading` kept, for the same person and draft. Raises FormRefused."""
    found = _found(worked, digest)
    if found is None:
        raise _lost(field)
    try:
        return decoded_read(found.content)
    except msgspec.DecodeError as error:  # an area's digest, or what another version kept
        raise _lost(field) from error


def name_of_kept(worked: DraftState, digest: str) -> str:
    """Return the name of the file whose area is kept under a digest; empty where there is none."""
    found = _found(worked, digest) if digest else None
    return (found.name or gettext("a file")) if found else ""


def _found(worked: DraftState, digest: str) -> Upload | None:
    """Return what is kept under a digest; the store is asked for it once a request."""
    draft, uploads = worked.draft.id, Uploads(service().store)
    name = f"upload {draft} {digest}"
    return once_a_request(name, lambda: uploads.found(draft, digest, by=me()))


def _lost(field: str) -> FormRefused:
    hours = KEPT_FOR // timedelta(hours=1)
    problem = gettext(
        "What was read of the file is not kept any more, or not for you: it is kept for %(hours)s "
        "hours, "
        "and for one draft. Choose the file again.",
        hours=hours,
    )
    return FormRefused([FieldError(field, problem)])


def sound(wkb: bytes, field: str) -> BaseGeometry:
    """Return a polygon of bytes that another process wrote, which had a stranger's file in it."""
    try:
        return read_wkb(wkb)
    except InputRefused as error:
        raise _unreadable(field) from error


# --- the other process ----------------------------------------------------------------------------


def read_files(files: Sequence[FileStorage], wish: Wish, field: str, *, subject: str = "") -> Read:
    """Return what uploaded files hold; the audit trail has them under a subject, else the draft.

    Raises FormRefused, in one message, for files that cannot be taken.
    """
    with tempfile.TemporaryDirectory(prefix="catchments-upload-") as folder:
        paths = [_kept(file, Path(folder), at) for at, file in enumerate(files)]
        if len(files) > FILES_AT_MOST:
            read = Read(refused=gettext("Choose at most %(n)s files.", n=FILES_AT_MOST))
        else:
            read = _read_elsewhere(replace(wish, paths=paths), folder)
        read = replace(read, files=_facts(files, paths))
        _record(read, len(files), subject or f"draft {(request.view_args or {})['draft']}")
    if read.crashed:
        raise _unreadable(field)
    if read.refused:
        said = for_pages(read.refused)[:REFUSAL_SHOWN]
        raise FormRefused([FieldError(field, said, tuple(read.rows[:ROWS_SHOWN]), read.sketch)])
    return read


def _unreadable(field: str) -> FormRefused:
    problem = gettext(
        "The file cannot be read: it is broken, or too large to be read within a minute. "
        "Nothing was changed."
    )
    return FormRefused([FieldError(field, problem)])


def _kept(file: FileStorage, folder: Path, number: int) -> str:
    """Save an upload in a folder of its own under a name that is tame; return its path."""
    name = PurePath((file.filename or "").replace("\\", "/")).name
    kept = "".join(c for c in name if c.isprintable() and c not in "/\0")
    stem, suffix = PurePath(kept).stem[:60].strip(". "), PurePath(kept).suffix[:10]
    place = folder / str(number)
    place.mkdir()
    path = place / f"{stem or 'file'}{suffix}"
    file.save(path)
    return str(path)


def _facts(files: Sequence[FileStorage], paths: Sequence[str]) -> list[dict[str, str | int]]:
    names = [file.filename or "" for file in files[:FILES_AT_MOST]]
    return [facts_of(Path(path), name) for path, name in zip(paths, names, strict=False)]


def _record(read: Read, file_count: int, subject: str) -> None:
    """Add to the audit trail what was uploaded, by whom, and what came of it."""
    came = "crashed" if read.crashed else "refused" if read.refused else "read"
    names = [str(file["name"]) for file in read.files]
    said = _without_quotes(read.crashed or read.refused, but=names)
    why = line_of_text(said, at_most=REASON_KEPT)
    AuditTrail(service().store).add(
        actor=me().login,
        action=f"upload.{came}",
        subject=subject,
        files=read.files,
        file_count=file_count,
        **({"why": why} if why else {}),
    )


def _without_quotes(text: str, *, but: Sequence[str]) -> str:
    """Return a refusal without what it quotes of what was read, but for names of the files.

    The trail is never shortened: what somebody pasted, or a file holds, has no place in it.
    """
    return _QUOTED.sub(lambda found: found[0] if found[1] in but else "“…”", text)


def _read_elsewhere(wish: Wish, folder: str) -> Read:
    """Return what the reader makes of files, or how it ended without an answer.

    It sees those files, and a folder of its own that goes with the one that is given.
    """
    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        said = subprocess_job.run(
            READER,
            given=encoded(wish),
            within_s=READ_WITHIN_S,
            environment=_environment(scratch),
            at_most=LARGEST_KEPT,
            fence=Fence(tuple(wish.paths), (str(scratch),), programs=True),
        )
        return decoded_read(said)
    except subprocess_job.JobFailed as error:
        return Read(crashed=error.how)
    except msgspec.DecodeError:
        return Read(crashed="its answer cannot be understood")


def _environment(scratch: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", UNFENCED_FILES) if name in os.environ}
    return {**kept, **ONE_THREAD, "TMPDIR": str(scratch)}

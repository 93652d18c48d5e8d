"""Files of a request and of a case: which kinds are taken, judged by what is in them, not by name.

Nothing here unpacks more than a list of names: what a file holds is for whoever opens it, who gets
it as a download and never as a page.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from enum import StrEnum

from catchments.core.errors import InputRefused

LARGEST = 20 * 1024 * 1024
AT_MOST = 10
"""Of one case, those that came with its request among them."""
LONGEST_NAME = 120
_MEMBERS_AT_MOST = 2_000
_UNPACKED_AT_MOST = 10 * LARGEST
_TYPES_AT_MOST = 256 * 1024


class FileKind(StrEnum):
    """What is taken, by media type."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


ENDINGS = {
    FileKind.PDF: ".pdf",
    FileKind.PNG: ".png",
    FileKind.JPEG: ".jpg",
    FileKind.DOCX: ".docx",
}
_BEGINS = {
    b"%PDF-": FileKind.PDF,
    b"\x89PNG\r\n\x1a\n": FileKind.PNG,
    b"\xff\xd8\xff": FileKind.JPEG,
    b"PK\x03\x04": FileKind.DOCX,
}
_LISTED = b"PK\x01\x02"
"""Before each member in an archive's list; as often as it stands there, at most so many are."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How Word packs. Of the others a few bytes can be a hundred megabytes, however little is asked."""
_DOCX_TYPE = b"wordprocessingml.document.main+xml"


def judged(content: bytes) -> FileKind:
    """Return what a file is. Raises InputRefused for what is not taken, or is too large.

    Of one that is too large no more need be there than shows it.
    """
    if not content:
        raise _refused("It is empty.")
    if len(content) > LARGEST:
        raise _refused(
            f"It has more than {LARGEST // 1024**2} MB.",
            next_step="Send fewer pages at once, or scan them less finely.",
        )
    kind = next((kind for begins, kind in _BEGINS.items() if content.startswith(begins)), None)
    if kind is None:
        raise _refused("By what is in it, it is none of these kinds, whatever its name says.")
    if kind is FileKind.DOCX:
        _refuse_archive(content)
    return kind


def plain_name(given: str, kind: FileKind) -> str:
    """Return a file's name without folders, hidden signs and an ending that it is not."""
    last = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*%;').strip(" .")
    stem = kept.rpartition(".")[0] if "." in kept else kept
    stem = stem.strip(" .")[: LONGEST_NAME - 8] or "file"
    return f"{stem}{ENDINGS[kind]}"


def _refuse_archive(content: bytes) -> None:
    """Refuse an archive that is no plain Word document. Raises InputRefused."""
    if content.count(_LISTED) > 2 * _MEMBERS_AT_MOST:  # its list is read for seconds; twice:
        raise _too_many_parts()  # a document may hold archives that are not packed again
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _refuse_members(members)
            types = archive.open("[Content_Types].xml").read(_TYPES_AT_MOST + 1)
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, OSError):
        raise _refused("It begins as a Word document and is none.") from None
    except ValueError:
        raise _refused("It begins as a Word document and is none.") from None
    lowered = types.lower()
    if len(types) > _TYPES_AT_MOST or _DOCX_TYPE not in types or b"macroenabled" in lowered:
        raise _refused("It is an archive that is no plain Word document.")


def _refuse_members(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(names) > _MEMBERS_AT_MOST or len(set(names)) != len(names):
        raise _too_many_parts()
    if any(member.compress_type not in _METHODS for member in members):
        raise _refused("It is packed as no Word document is.")
    if sum(member.file_size for member in members) > _UNPACKED_AT_MOST:
        raise _refused("Unpacked it would be far too large.")
    if any(member.flag_bits & 1 for member in members):
        raise _refused("It has a password: whoever gets it could not read it.")
    if any(".." in name.split("/") or name.startswith("/") or "\\" in name for name in names):
        raise _refused("It has parts that would be unpacked elsewhere.")
    if any("vbaproject" in name.lower() or "activex" in name.lower() for name in names):
        raise _refused("It has macros. Save it without them.")
    if "word/document.xml" not in names:
        raise _refused("It is an archive that is no Word document.")


def _too_many_parts() -> InputRefused:
    return _refused("It has too many parts to be a document.")


def _refused(
    why: str, *, next_step: str = "Save it as one of these, for example print it to PDF."
) -> InputRefused:
    return InputRefused(
        f"The file is not taken. {why}",
        field="file",
        allowed=f"PDF, PNG, JPEG and Word documents (DOCX) of at most {LARGEST // 1024**2} MB are.",
        next_step=next_step,
    )


def refuse_too_many(held: int, *, of: str = "case") -> None:
    """Raise InputRefused where a case, or a request, has as many files as it may."""
    if held >= AT_MOST:
        raise InputRefused(
            f"The {of} has {held} files already.",
            field="file",
            allowed=f"A {of} may have {AT_MOST}.",
            next_step="Put several into one PDF.",
        )

"""Files of a case: judged by what is in them; taken as they are, or not at all."""

from __future__ import annotations

import io
import zipfile

import pytest
import sqlalchemy as sa

from catchments.core.errors import CatchmentsError, InputRefused, NotKnown
from catchments.requests.rules.cases import Step
from catchments.requests.rules.files import AT_MOST, LARGEST, FileKind, judged, plain_name
from catchments.requests.store import schema
from catchments.requests.store.notes import Notes
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.sealing import SealBroken

PDF, PNG, JPEG = b"%PDF-1.7\n%made up", b"\x89PNG\r\n\x1a\nmade up", b"\xff\xd8\xff\xe0made up"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
TYPES = f'<Types><Override PartName="/word/document.xml" ContentType="{WORD}"/></Types>'


def archive(**members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, text in {"[Content_Types].xml": TYPES, **members}.items():
            written.writestr(name, text)
    return made.getvalue()


DOCX = archive(**{"word/document.xml": "<made-up/>"})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, FileKind.PDF),
        (PNG, FileKind.PNG),
        (JPEG, FileKind.JPEG),
        (DOCX, FileKind.DOCX),
    ],
)
def test_a_file_is_what_is_in_it(content, kind):
    assert judged(content) is kind


@pytest.mark.every_case
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        b" %PDF-1.7",
        b"PK\x03\x04 no archive",
        DOCX[:200],
        archive(),
        archive(**{"word/document.xml": "<x/>", "word/vbaProject.bin": "macro"}),
        archive(**{"word/document.xml": "<x/>", "word/activeX/a.xml": "control"}),
        archive(**{"word/document.xml": "<x/>", "../../etc/passwd": "x"}),
        archive(**{"word/document.xml": "<x/>", "/etc/passwd": "x"}),
        archive(**{"word/document.xml": "0" * (11 * LARGEST)}),
        archive(**{"word/document.xml": "<x/>", **{f"a{n}": "" for n in range(2_001)}}),
        archive(**{"xl/workbook.xml": "<x/>"}),
        archive(
            **{
                "word/document.xml": "<x/>",
                "[Content_Types].xml": TYPES.replace("main+xml", "macroEnabled.main+xml"),
            }
        ),
        PDF + b"0" * LARGEST,
    ],
    ids=lambda content: f"{len(content)}-{content[:8]!r}",
)
def test_what_is_something_else_is_refused_with_what_is_taken(content):
    with pytest.raises(InputRefused, match="PDF, PNG, JPEG and Word"):
        judged(content)


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ("invoice.pdf.exe", "invoice.pdf.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", "fdp.pdf"),
        ('a"; filename="x.html', "a filename=x.pdf"),
        ("kōrero\r\nSet-Cookie: a", "kōreroSet-Cookie a.pdf"),
        ("x" * 500 + ".pdf", "x" * 112 + ".pdf"),
    ],
)
def test_a_files_name_has_no_folder_and_no_other_ending(given, kept):
    assert plain_name(given, FileKind.PDF) == kept


def attach(desk, reference, *, login="ana", once="one", shared=True, content=PDF):
    Notes(desk.database).attach(
        desk.people[login], reference, "made up.pdf", content, once=once, shared=shared
    )


def test_a_file_comes_back_as_it_was_to_who_may_see_it(desk):
    reference, notes = desk.send(), Notes(desk.database)
    attach(desk, reference)
    attach(desk, reference)  # the same form, sent twice
    attach(desk, reference, once="two", shared=False, content=DOCX)
    [shared] = notes.files(desk.viewer("wiki"), reference)
    found, content = notes.content(desk.people["wiki"], reference, shared.id)
    assert (found.name, content) == ("made up.pdf", PDF)
    [_, own] = notes.files(desk.viewer("pita"), reference)
    assert notes.content(desk.people["pita"], reference, own.id)[1] == DOCX
    with pytest.raises(NotKnown):
        notes.content(desk.people["wiki"], reference, own.id)
    trail = AuditTrail(desk.database).entries(matching={"action": "case.file-taken"}, at_most=9)
    assert [each.actor for each in trail] == ["pita", "wiki"]
    notes.share_file(desk.people["ana"], reference, own.id)
    assert notes.content(desk.people["wiki"], reference, own.id)[1] == DOCX


def test_a_case_has_ten_files_at_most(desk):
    reference = desk.send()
    for number in range(AT_MOST):
        attach(desk, reference, once=str(number))
    with pytest.raises(InputRefused, match="10"):
        attach(desk, reference, once="more")


def test_how_many_files_the_other_side_has_for_itself_is_not_told(desk):
    reference = desk.send()
    for number in range(AT_MOST):
        attach(desk, reference, login="wiki", once=str(number), shared=False)
    attach(desk, reference, once="of the school")
    with pytest.raises(InputRefused, match="10"):
        attach(desk, reference, login="wiki", once="more", shared=False)


def test_nothing_of_a_file_stands_in_the_database_as_it_is(desk, tmp_path):
    attach(desk, desk.send())
    desk.database.close()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("requests.sqlite*"))
    for trace in (PDF, b"made up.pdf", b"Made-up Student", b"Made-up Parent", b"2014-03-04"):
        assert trace not in held


def test_a_file_that_was_moved_to_another_case_does_not_open(desk):
    first, second, table = desk.send(), desk.send(), schema.case_file
    attach(desk, first, once="a")
    attach(desk, second, once="b", content=PNG)
    with desk.database.writing() as connection:
        one = connection.execute(sa.select(table).where(table.c.once == "a")).one()
        connection.execute(
            table.update().where(table.c.once == "b").values(content=one.content, key=one.key)
        )
    [file] = Notes(desk.database).files(desk.viewer("ana"), second)
    with pytest.raises(SealBroken):
        Notes(desk.database).content(desk.people["ana"], second, file.id)


def test_nobody_adds_a_file_to_a_case_that_ended(desk):
    reference = desk.send()
    desk.cases.take(desk.people["wiki"], reference, Step.DECLINE, version=1, reason="Made up.")
    with pytest.raises(CatchmentsError, match="nothing is added"):
        attach(desk, reference)

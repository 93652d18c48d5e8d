"""Files of a request: sealed while it is written, whole in the case once it is sent, never lost."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotKnown, Stale
from catchments.requests.rules.files import AT_MOST, LARGEST
from catchments.requests.store import schema, writing
from catchments.requests.store.notes import Notes
from catchments.requests.store.writing import Seen, WrittenRequests
from catchments.store.integrity.audit import AuditTrail
from tests.requests.desk import Desk
from tests.requests.portal import Pages, begun, filled, hidden, pages_of, post, upload
from tests.staff import words

PDF, PNG = b"%PDF-1.7\nmade up", b"\x89PNG\r\n\x1a\nmade up"
_D, _F, _CF, _C = (
    schema.request_draft,
    schema.draft_file,
    schema.case_file,
    schema.support_case,
)


def written_with_files(desk: Desk, login: str = "ana", *contents: bytes) -> int:
    written, school = WrittenRequests(desk.database), desk.organisations["54"].id
    number = written.begin(desk.people[login], school, {"student_name": "Made-up"})
    for n, content in enumerate(contents or (PDF, PNG)):
        written.attach(desk.people[login], number, f"plan {n}", content, form=f"form-{n}")
    return number


def sent(desk: Desk, number: int, login: str = "ana", **changes) -> str:
    one = WrittenRequests(desk.database).one(desk.people[login], number)
    seen = Seen(one.version, tuple(each.once for each in one.files))
    return desk.send(login, **({"once": one.once, "seen": seen} | changes))


def held(desk: Desk) -> tuple[int, int, int, int]:
    """How many requests are being written, with how many files; cases, with how many files."""
    with desk.database.reading() as connection:
        count = [sa.select(sa.func.count()).select_from(table) for table in (_D, _F, _C, _CF)]
        return tuple(int(connection.scalar(query) or 0) for query in count)  # type: ignore[return-value]


# --- in the store ---------------------------------------------------------------------------------


def test_files_go_whole_into_the_case_and_whoever_gets_it_sees_them(desk):
    reference = sent(desk, written_with_files(desk))
    assert held(desk) == (0, 0, 1, 2)
    notes = Notes(desk.database)
    for login in ("wiki", "ana", "pita"):
        first, second = notes.files(desk.viewer(login), reference)
        assert (first.name, second.name, first.shared) == ("plan 0.pdf", "plan 1.png", True)
        assert notes.content(desk.people[login], reference, second.id)[1] == PNG
    assert first.organisation == desk.organisations["54"].id
    [entry] = AuditTrail(desk.database).entries(matching={"action": "case.submitted"}, at_most=9)
    assert '"files": 2' in entry.detail
    assert "plan" not in entry.detail


def test_a_form_sent_twice_sends_its_files_once(desk):
    number = written_with_files(desk)
    once = WrittenRequests(desk.database).one(desk.people["ana"], number).once
    reference = sent(desk, number)
    assert desk.send("ana", once=once, seen=Seen(1)) == reference
    assert held(desk) == (0, 0, 1, 2)


def test_a_file_that_came_or_went_after_the_page_was_made_is_looked_at_first(desk):
    number, written = written_with_files(desk), WrittenRequests(desk.database)
    before = written.one(desk.people["ana"], number)
    seen = Seen(before.version, tuple(each.once for each in before.files))
    written.take_out(desk.people["ana"], number, before.files[1].id)
    written.attach(desk.people["ana"], number, "another.pdf", PDF, form="another")
    after = written.one(desk.people["ana"], number)
    # As many, and where numbers are given again even of the same numbers.
    assert len(after.files) == len(before.files)
    for other in (seen, Seen(before.version), Seen(before.version + 1, seen.files)):
        with pytest.raises(Stale, match="changed in another window"):
            desk.send("ana", once=before.once, seen=other)
    assert held(desk) == (1, 2, 0, 0)
    sent(desk, number)
    assert held(desk) == (0, 0, 1, 2)


def test_a_request_that_was_thrown_away_meanwhile_is_not_sent(desk):
    number, written = written_with_files(desk), WrittenRequests(desk.database)
    one = written.one(desk.people["ana"], number)
    written.throw_away(desk.people["ana"], number, once=one.once)
    with pytest.raises(Stale):
        desk.send("ana", once=one.once, seen=Seen(one.version))
    assert held(desk) == (0, 0, 0, 0)


def test_whatever_statement_it_dies_at_a_request_is_sent_whole_or_stays_whole(desk):
    number, at, died = written_with_files(desk), 0, True
    engine = desk.database._engine

    class Died(BaseException):
        """As a kill: nothing of ours catches it."""

    while died:
        at, ran = at + 1, 0

        def die(*_, at=at):
            nonlocal ran
            ran += 1
            if ran == at:
                raise Died

        one = WrittenRequests(desk.database).one(desk.people["ana"], number)
        seen = Seen(one.version, tuple(each.once for each in one.files))
        sending = desk.sending(once=one.once, seen=seen)
        sa.event.listen(engine, "before_cursor_execute", die)
        try:
            desk.cases.submit(desk.people["ana"], sending)
            died = False
        except Died:
            assert held(desk) == (1, 2, 0, 0), at
        finally:
            sa.event.remove(engine, "before_cursor_execute", die)
    assert at > 10
    assert held(desk) == (0, 0, 1, 2)


def test_files_go_with_a_request_that_is_forgotten_or_thrown_away(desk):
    number, written = written_with_files(desk), WrittenRequests(desk.database)
    kept = written_with_files(desk, "ofa")
    with desk.database.writing() as connection:
        ends = connection.scalar(sa.select(_D.c.ends_at).where(_D.c.id == number))
        change = {"ends_at": ends - timedelta(days=15)}
        connection.execute(_D.update().where(_D.c.id == number).values(**change))
    with pytest.raises(NotKnown):
        written.content(desk.people["ana"], number, 1)
    assert written.forget_old() == 1
    assert held(desk) == (1, 2, 0, 0)
    once = written.one(desk.people["ofa"], kept).once
    written.throw_away(desk.people["ofa"], kept, once=once)
    assert held(desk) == (0, 0, 0, 0)


def test_a_file_is_its_writers_alone_and_may_be_taken_out(desk):
    number, written = written_with_files(desk), WrittenRequests(desk.database)
    [first, second] = written.one(desk.people["ana"], number).files
    assert written.content(desk.people["ana"], number, first.id)[1] == PDF
    other = written_with_files(desk, "ofa")
    for login, of in (("ofa", number), ("pita", number), ("ofa", other)):
        with pytest.raises(NotKnown):
            written.content(desk.people[login], of, first.id)
    for do in (written.take_out, written.content):
        with pytest.raises(NotKnown):
            do(desk.people["ofa"], number, first.id)
    written.take_out(desk.people["ana"], number, first.id)
    written.take_out(desk.people["ana"], number, first.id)
    assert written.one(desk.people["ana"], number).files == (second,)


def test_ten_files_are_taken_those_that_came_later_among_them(desk):
    number, written = written_with_files(desk), WrittenRequests(desk.database)
    for n in range(2, AT_MOST):
        written.attach(desk.people["ana"], number, "x", PDF, form=str(n))
    with pytest.raises(InputRefused, match="The request has 10 files already"):
        written.attach(desk.people["ana"], number, "x", PDF, form="more")
    one = written.one(desk.people["ana"], number)
    written.take_out(desk.people["ana"], number, one.files[0].id)
    reference, notes = sent(desk, number), Notes(desk.database)
    notes.attach(desk.people["wiki"], reference, "x", PDF, once="later", shared=True)
    with pytest.raises(InputRefused, match="The case has 10 files already"):
        notes.attach(desk.people["ana"], reference, "x", PDF, once="more", shared=True)


def test_what_one_person_has_not_sent_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(writing, "LARGEST_FILES", 2 * len(PDF) + 1)
    written_with_files(desk, "ana", PDF)
    other = written_with_files(desk, "ana", PDF)
    written = WrittenRequests(desk.database)
    with pytest.raises(InputRefused, match="not sent would be 48 bytes"):
        written.attach(desk.people["ana"], other, "x", PDF, form="more")
    written_with_files(desk, "ofa", PDF)


# --- on the pages ---------------------------------------------------------------------------------


@pytest.fixture
def pages(desk) -> Pages:
    return pages_of(desk)


def form_with(client, name: str, content: bytes, *, path: str = "/requests/new", **changes: str):
    """Send the form of a request with a file."""
    contact = "2"
    page = client.get("/requests/new?school=54") if path.endswith("new") else client.get(path)
    fields = hidden(page) | filled() | {"primary_contact": contact, "do": "add-file"} | changes
    return upload(client, path, name, content, **fields)


def test_a_file_and_what_is_typed_are_kept_with_the_first_form_and_sent(pages):
    ana = pages.of("ana")
    added = form_with(ana, "plān.pdf", PDF, primary_contact=str(pages.desk.people["pita"].id))
    assert added.headers["Location"] == "/requests/writing/1#files"
    page = ana.get("/requests/writing/1")
    assert "plān.pdf" in page.text
    assert "We met the family." in page.text
    taken = ana.get("/requests/writing/1/files/1")
    assert taken.data == PDF
    assert taken.headers["Content-Disposition"].startswith("attachment;")
    check = ana.get("/requests/writing/1/check")
    assert "plān.pdf" in check.text
    went = post(ana, "/requests/writing/1/send", **hidden(check))
    assert went.status_code == 303, words(went)
    case = went.headers["Location"].replace("sent", "cases")
    seen = pages.of("wiki").get(case)
    assert "plān.pdf" in seen.text
    assert "Shared: both sides see it" in seen.text
    assert "By edition 1, with 1 file." in words(seen)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"MZ a program", "none of these kinds"),
        ("a.pdf", b"%PDF-" + b"0" * LARGEST, "It has more than 20 MB."),
        ("a.pdf", b"", "It is empty"),
        ("", b"", "No file is chosen"),
    ],
    ids=["program", "too large", "empty", "none"],
)
@pytest.mark.parametrize("path", ["/requests/new", "/requests/writing/1"])
def test_a_file_that_is_not_taken_is_refused_at_its_field_and_the_rest_is_kept(
    pages, name, content, said, path
):
    ana = pages.of("ana")
    if path != "/requests/new":
        begun(pages, ana)
    page = form_with(ana, name, content, path=path, barriers="Typed just now.")
    assert page.status_code == 400
    assert 'href="#file"' in page.text
    assert said in page.text
    assert "Typed just now." in page.text
    assert "Typed just now." in ana.get("/requests/writing/1").text, "it is kept, too"
    assert held(pages.desk)[:2] == (1, 0)


def test_a_form_sent_twice_with_a_file_adds_it_once(pages):
    ana = pages.of("ana")
    begun(pages, ana)
    page = ana.get("/requests/writing/1")
    fields = filled() | hidden(page) | {"do": "add-file"}
    for _ in range(2):
        assert upload(ana, "/requests/writing/1", "a.pdf", PDF, **fields).status_code == 303
    assert held(pages.desk)[:2] == (1, 1)


def test_a_file_chosen_in_a_window_that_was_overtaken_is_added_all_the_same(pages):
    ana = pages.of("ana")
    begun(pages, ana)
    fields = filled(barriers="Two.") | hidden(ana.get("/requests/writing/1"))
    post(ana, "/requests/writing/1", **filled(barriers="One."), version="1", do="keep")
    page = upload(ana, "/requests/writing/1", "a.pdf", PDF, **fields, do="check")
    assert page.status_code == 412
    assert "another window" in page.text
    assert "Two." in page.text
    assert "a.pdf" in page.text


def test_a_file_is_taken_out_and_what_is_typed_is_kept(pages):
    ana = pages.of("ana")
    form_with(ana, "a.pdf", PDF)
    fields = hidden(ana.get("/requests/writing/1")) | filled(barriers="Typed just now.")
    gone = post(ana, "/requests/writing/1", **fields, do="take-out-1")
    assert gone.headers["Location"] == "/requests/writing/1#files"
    page = ana.get("/requests/writing/1")
    assert "a.pdf" not in page.text
    assert "Typed just now." in page.text
    assert ana.get("/requests/writing/1/files/1").status_code == 404


def test_a_file_added_in_another_window_is_shown_before_it_is_sent(pages):
    ana = pages.of("ana")
    begun(pages, ana)
    fields = hidden(ana.get("/requests/writing/1/check"))
    form_with(ana, "late.pdf", PDF, path="/requests/writing/1", primary_contact=_pita(pages))
    page = post(ana, "/requests/writing/1/send", **fields)
    assert page.status_code == 409
    assert "changed in another window" in page.text
    assert "late.pdf" in page.text
    assert post(ana, "/requests/writing/1/send", **hidden(page)).status_code == 303
    assert held(pages.desk) == (0, 0, 1, 1)


def test_a_window_of_a_request_that_was_sent_writes_into_no_other(pages):
    ana = pages.of("ana")
    begun(pages, ana)
    old = filled(barriers="Of the first.") | hidden(ana.get("/requests/writing/1"))
    post(ana, "/requests/writing/1/send", **hidden(ana.get("/requests/writing/1/check")))
    more = begun(pages, ana, once="another-form-of-the-tests", student_name="Another Made-up")
    page = post(ana, "/requests/writing/1", **old, do="keep")
    assert page.status_code == 412
    assert "was sent or thrown away in another window" in page.text
    assert "Of the first." in page.text
    assert 'action="/requests/new"' in page.text
    # Its number is that of the first where numbers are given again.
    assert "Another Made-up" in ana.get(more.headers["Location"]).text
    assert post(ana, "/requests/writing/1/send", once=old["once"]).status_code == 303, "as before"
    assert post(ana, "/requests/writing/1/send", once="x" * 20).status_code == 404
    post(ana, "/requests/writing/1/throw-away", once=old["once"])
    assert held(pages.desk)[0] == 1


def test_the_way_back_to_a_form_that_was_sent_begins_another_request(pages):
    ana = pages.of("ana")
    begun(pages, ana)
    post(ana, "/requests/writing/1/send", **hidden(ana.get("/requests/writing/1/check")))
    page = begun(pages, ana, student_name="Another Made-up")
    assert page.status_code == 412
    assert "sent from this page already" in page.text
    assert "Another Made-up" in page.text
    again = begun(pages, ana, once=hidden(page)["once"], student_name="Another Made-up")
    assert again.status_code == 303


def test_a_form_that_is_too_large_to_be_looked_at_is_answered_in_words(pages):
    ana = pages.of("ana")
    path, size = "/requests/writing/1", {"CONTENT_LENGTH": str(200 * 1024 * 1024)}
    page = ana.post(path, content_type="multipart/form-data; boundary=x", environ_overrides=size)
    assert page.status_code == 413
    assert "a file has at most 20 MB" in words(page)
    assert "a name or an address" not in page.text


def test_what_a_script_keeps_takes_no_file_along(pages):
    ana = pages.of("ana")
    told = form_with(ana, "a.exe", b"MZ", do="autosave")
    assert told.get_json()["version"] == 1


def test_a_file_stays_in_memory_while_it_is_read(pages):
    from catchments.requests.web.files import UnwrittenRequest

    stream = UnwrittenRequest({})._get_file_stream(10**9, "application/pdf")
    assert isinstance(stream, io.BytesIO)
    assert stream.write(b"x" * (LARGEST + 5)) == LARGEST + 5
    assert stream.write(b"x") == 1
    assert len(stream.getvalue()) == LARGEST + 1


def _pita(pages: Pages) -> str:
    return str(pages.desk.people["pita"].id)

"""The pages of requests: what each shows to whom, and that nothing typed is lost."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from html import unescape

import pytest

from catchments.requests.rules.handovers import Move
from catchments.requests.store.handovers import Handovers
from tests.requests.desk import SOUTH, TODAY, served
from tests.requests.portal import Pages, begun, filled, hidden, pages_of, post, upload
from tests.staff import PASSWORD, csrf_in, words


@pytest.fixture
def pages(desk) -> Pages:
    return pages_of(desk)


def test_whoever_is_not_signed_in_is_asked_who_they_are(pages):
    client = pages.app.test_client()
    assert client.get("/").headers["Location"] == "/requests"
    for path in ("/requests", "/requests/cases", "/requests/new", "/requests/figures"):
        assert client.get(path).headers["Location"].startswith("/requests/sign-in"), path
    page = client.get("/requests/sign-in")
    assert "delegated authoriser" in page.text
    assert "not the Ministry of Education’s" in page.text


def test_a_request_is_written_checked_and_sent_once(pages):
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    assert where == "/requests/writing/1"
    check = ana.get(f"{where}/check")
    assert check.status_code == 200, words(check)
    assert "Made-up provider North" in words(check)
    assert "The guide says" in words(check), words(check)
    fields = hidden(check)
    sent = post(ana, f"{where}/send", **fields)
    assert sent.status_code == 303, words(sent)
    again = post(ana, f"{where}/send", **fields)
    assert again.headers["Location"] == sent.headers["Location"], "sent twice it is one case"
    page = ana.get(sent.headers["Location"])
    assert "What happens next" in page.text
    assert "Made-up Student" not in page.text
    reference = sent.headers["Location"].rpartition("/")[2]
    assert "Made-up Student" in ana.get(f"/requests/cases/{reference}").text
    assert pages.desk.cases.count(pages.desk.viewer("wiki"), _any()) == 1


def test_the_parts_of_a_request_say_what_is_still_to_do(pages):
    ana = pages.of("ana")
    where = begun(pages, ana, student_name="", step_1="").headers["Location"]
    said = words(ana.get(where))
    assert "Student To do Family Complete Attendance over the last term Complete" in said
    assert "What your school has done To do What stands in the way Complete" in said
    assert "Files Optional Primary Contact Complete" in said
    assert said.count("To do") == 2
    assert words(ana.get("/requests/new?school=54")).count("To do") == 6


def test_what_is_missing_is_said_and_nothing_typed_is_lost(pages):
    ana = pages.of("ana")
    where = begun(pages, ana, student_name="", barriers="Nothing that is real.")
    page = ana.get(f"{where.headers['Location']}/check")
    assert page.status_code == 400
    assert 'href="#student_name"' in page.text
    assert "Nothing that is real." in page.text
    assert page.text.startswith("<!DOCTYPE html>")
    assert "<title>Error:" in page.text


def test_a_form_that_another_window_has_overtaken_is_shown_again(pages):
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    first = post(ana, where, **filled(barriers="One."), version="1", do="keep")
    assert first.status_code == 303
    second = post(ana, where, **filled(barriers="Two."), version="1", do="keep")
    assert second.status_code == 412
    assert "another window" in second.text
    assert "Two." in second.text
    assert post(ana, where, **filled(barriers="Two."), **_v(second), do="keep").status_code == 303
    assert "Two." in ana.get(where).text


def test_what_is_sent_after_a_session_has_ended_stands_in_its_form_again(pages):
    ana, other = pages.of("ana"), pages.of("ana")
    form = other.get("/requests/new?school=54")
    fields = filled(student_name="Made-up Newcomer") | hidden(form) | {"do": "keep"}
    fields["csrf_token"] = csrf_in(form)
    post(other, "/requests/sign-out")
    asked = other.post("/requests/new", data=fields)
    assert asked.headers["Location"].startswith("/requests/sign-in")
    signed = post(
        other, "/requests/sign-in", page="/requests/sign-in", login="ana", password=PASSWORD
    )
    home = other.get(signed.headers["Location"])
    kept = re.search(r'href="([^"]*kept[^"]*)"', home.text)
    page = other.get(unescape(kept[1]), follow_redirects=True)
    assert page.request.path == "/requests/new"
    assert "Made-up Newcomer" in page.text
    assert "Made-up Newcomer" not in ana.get("/requests").text, "nothing was carried out"


def test_a_script_keeps_what_is_typed_and_is_told_the_version(pages):
    ana = pages.of("ana")
    told = begun(pages, ana, do="autosave").get_json()
    assert told == {"version": 1, "action": "/requests/writing/1"}
    told = begun(pages, ana, do="autosave").get_json()
    assert told["action"] == "/requests/writing/1", "the same form begins one request"
    refused = post(ana, "/requests/writing/1", **filled(term="x"), version="1", do="autosave")
    assert refused.status_code == 412
    assert "another window" in refused.get_json()["problem"]


def test_a_provider_that_changed_meanwhile_is_told_before_anything_is_sent(pages):
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    fields = hidden(ana.get(f"{where}/check"))
    pages.lookup.provider = SOUTH
    page = post(ana, f"{where}/send", **fields)
    assert page.status_code == 409
    assert "it was Made-up provider North, and is Made-up provider South now" in words(page)
    assert hidden(page)["provider"] == SOUTH
    assert post(ana, f"{where}/send", **hidden(page)).status_code == 303
    assert pages.desk.cases.count(pages.desk.viewer("wira"), _any()) == 1


def test_a_lookup_that_is_away_is_said_and_nothing_is_lost(pages):
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    fields = hidden(ana.get(f"{where}/check"))
    pages.lookup.is_away = True
    check = ana.get(f"{where}/check")
    assert "cannot be asked just now" in check.text
    assert f'action="{where}/send"' not in check.text
    assert post(ana, f"{where}/send", **fields).status_code == 503
    pages.lookup.is_away = False
    assert post(ana, f"{where}/send", **fields).status_code == 303


def test_the_same_student_is_noticed(pages):
    reference = pages.desk.send("ana")
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    page = ana.get(f"{where}/check")
    assert f"/requests/cases/{reference}" in page.text
    assert "open case of a student with this name" in words(page)


def test_not_this_service_is_explained_and_the_school_decides(pages):
    ana = pages.of("ana")
    where = begun(pages, ana, guide_student="no-visa").headers["Location"]
    page = ana.get(f"{where}/check")
    assert "without a valid visa" in words(page)
    assert "Send all the same" in words(page)
    assert post(ana, f"{where}/send", **hidden(page)).status_code == 303


def test_the_year_level_answers_the_guide_and_is_asked_once(pages):
    ana = pages.of("ana")
    where = begun(pages, ana, year_level="12").headers["Location"]
    assert "Which year level is the student" not in words(ana.get(where))
    page = ana.get(f"{where}/check")
    assert "funded for students in Years 1 to 11" in words(page)
    post(ana, where, **filled(year_level="11"), **_v(ana.get(where)), do="keep")
    assert "funded for students in Years 1 to 11" not in words(ana.get(f"{where}/check"))


def test_a_request_may_go_to_the_schools_own_team(pages):
    pages.lookup.more = {"in_school_provision": True}
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    page = ana.get(f"{where}/check")
    sent = post(ana, f"{where}/send", **hidden(page), to="own team")
    assert "Sent to your school’s own team" in words(ana.get(sent.headers["Location"]))
    assert pages.desk.cases.count(pages.desk.viewer("team"), _any()) == 1


# --- a case ---------------------------------------------------------------------------------------


def test_a_case_goes_from_the_queue_to_its_end(pages):
    reference = pages.desk.send("ana")
    wiki, cam, ana = pages.of("wiki"), pages.of("cam"), pages.of("ana")
    case = f"/requests/cases/{reference}"
    assert cam.get(case).status_code == 404
    manager = str(pages.desk.people["cam"].id)
    given = post(
        wiki, "/requests/cases/assign", case=f"{reference}:1", assignee=manager, state="queued"
    )
    assert given.status_code == 303
    assert "Made-up Student" in cam.get(case).text
    assert post(cam, f"{case}/step/begin", **_v(cam.get(case))).status_code == 303
    refused = post(cam, f"{case}/step/pause", **_v(cam.get(case)), form="pause", reason=" ")
    assert refused.status_code == 400
    assert 'href="#pause-reason"' in refused.text
    stale = post(cam, f"{case}/step/pause", version="1", form="pause", reason="They are away.")
    assert stale.status_code == 412
    assert "They are away." in stale.text, "nothing typed is lost"
    fields = _v(stale) | {"form": "pause", "reason": "They are away."}
    assert post(cam, f"{case}/step/pause", **fields).status_code == 303
    assert "They are away." in words(ana.get(case))
    assert post(cam, f"{case}/step/resume", **_v(cam.get(case))).status_code == 303
    closing = {"form": "close", "because": "attends regularly again"}
    assert post(cam, f"{case}/step/close", **_v(cam.get(case)), **closing).status_code == 303
    seen = words(ana.get(case))
    assert "attends regularly again" in seen
    assert "Cam (made up)" not in seen, "who works on it is the provider's own"
    assert "Write something" not in seen


def test_nobody_is_given_a_case_where_one_of_several_has_changed(pages):
    first, second = pages.desk.send("ana"), pages.desk.send("ana")
    wiki, manager = pages.of("wiki"), str(pages.desk.people["cam"].id)
    chosen = [f"{first}:1", f"{second}:7"]
    page = post(wiki, "/requests/cases/assign", case=chosen, assignee=manager, state="queued")
    assert page.status_code == 412
    assert "Nothing was given" in page.text
    assert f'value="{first}:1" aria-label' in page.text
    assert "checked" in page.text


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "1e400", "x", "²", ""])
def test_a_number_that_no_database_holds_is_no_fault_of_the_services(pages, number):
    reference, wiki = pages.desk.send("ana"), pages.of("wiki")
    case = f"/requests/cases/{reference}"
    for path in ("handovers/{}/note", "writing/{}/send", f"cases/{reference}/notes/{{}}/share"):
        assert post(wiki, f"/requests/{path.format(number)}").status_code in {404, 405}, path
    for fields in ({"version": number}, {"version": "1", "assignee": number}):
        assert post(wiki, f"{case}/step/assign", **fields).status_code in {400, 412}
    for query in ("page", "at", "school"):
        assert wiki.get("/requests/cases", query_string={query: number}).status_code == 200
    assigned = post(wiki, "/requests/cases/assign", case=f"{reference}:{number}", assignee=number)
    assert assigned.status_code == 400


def test_notes_are_internal_until_they_are_shared(pages):
    reference = pages.desk.send("ana")
    wiki, ana = pages.of("wiki"), pages.of("ana")
    case = f"/requests/cases/{reference}"
    note = {"form": "note", "once": "a-note-of-the-tests-1", "text": "We called them."}
    assert post(wiki, f"{case}/notes", **note).status_code == 303
    assert post(wiki, f"{case}/notes", **note).status_code == 303
    seen = wiki.get(case).text
    assert seen.count("We called them.") == 1, "a form sent twice writes once"
    assert "Internal: your side only" in seen
    assert "We called them." not in ana.get(case).text
    assert post(wiki, f"{case}/notes/1/share").status_code == 303
    assert "We called them." in ana.get(case).text
    empty = post(wiki, f"{case}/notes", form="note", once="a-note-of-the-tests-2", text=" ")
    assert empty.status_code == 400
    assert 'href="#note-text"' in empty.text
    task = note | {"once": "a-note-of-the-tests-3", "kind": "task", "text": "Call again."}
    undated = post(wiki, f"{case}/notes", **task)
    assert undated.status_code == 400
    assert "Call again." in undated.text
    assert post(wiki, f"{case}/notes", **task, due_on="2026-12-01").status_code == 303
    assert post(wiki, f"{case}/notes/2/done").status_code == 303


def _docx(**parts: bytes) -> bytes:
    main = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    content = {"[Content_Types].xml": main, "word/document.xml": b"<x/>"} | parts
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in content.items():
            archive.writestr(name, held)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"MZ\x90\x00 this is a program"),
        ("a.docx", _docx(**{"word/vbaProject.bin": b"x"})),
        ("a.docx", _docx(**{"word/media/a": b"\0" * (201 * 1024 * 1024)})),
        ("a.docx", _docx(**{"../../a": b"x"})),
        ("a.pdf", b"%PDF-" + b"\0" * (20 * 1024 * 1024)),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.pdf", b""),
    ],
    ids=["program", "macro", "bomb", "elsewhere", "too large", "page", "empty"],
)
def test_files_that_lie_are_refused_on_the_page_of_the_case(pages, name, content):
    reference = pages.desk.send("ana")
    ana, case = pages.of("ana"), f"/requests/cases/{reference}"
    sent = {"form": "file", "once": "a-file-of-the-tests"}
    page = upload(ana, f"{case}/files", name, content, **sent)
    assert page.status_code == 400, words(page)
    assert 'href="#file-file"' in page.text
    assert "None yet." in page.text


def test_a_file_is_a_download_whatever_it_is_called(pages):
    reference = pages.desk.send("ana")
    ana, wiki, case = pages.of("ana"), pages.of("wiki"), f"/requests/cases/{reference}"
    content = b"%PDF-1.7 made up"
    sent = {"once": "a-file-of-the-tests", "file": (io.BytesIO(content), '../Mā"<b>.exe')}
    assert post(ana, f"{case}/files", **sent).status_code == 303
    assert wiki.get(f"{case}/files/1").status_code == 404, "internal"
    assert post(ana, f"{case}/files/1/share").status_code == 303
    taken = wiki.get(f"{case}/files/1")
    assert taken.data == content
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "/" not in taken.headers["Content-Disposition"].split("filename=")[1]
    assert "sandbox" in taken.headers["Content-Security-Policy"]
    assert taken.headers["Cache-Control"] == "no-store"


def test_a_student_who_has_left_is_no_more_seen_by_the_school(pages):
    reference = pages.desk.send("ana")
    ana, case = pages.of("ana"), f"/requests/cases/{reference}"
    future = post(ana, f"{case}/left", version="1", form="left", left_on="2026-12-24")
    assert future.status_code == 400
    assert post(ana, f"{case}/left", version="1", left_on="2026-11-27").status_code == 303
    assert ana.get(case).status_code == 404
    assert "left" in words(pages.of("wiki").get(case)).lower()


def test_cases_are_found_by_reference_and_by_student(pages):
    reference = pages.desk.send("ana")
    wiki, wira = pages.of("wiki"), pages.of("wira")
    spaced = f"{reference[:4].lower()} {reference[4:]}"
    found = post(wiki, "/requests/search", reference=spaced)
    assert found.headers["Location"] == f"/requests/cases/{reference}"
    assert post(wiki, "/requests/search", reference="nothing").status_code == 400
    asked = {"student_name": "student MADE-UP", "born_on": "2014-03-04"}
    assert reference in post(wiki, "/requests/search", **asked).text.replace(" ", "")
    assert "0 cases found" in words(post(wira, "/requests/search", **asked))
    assert post(wiki, "/requests/search", student_name="", born_on="x").status_code == 400


def test_a_handover_is_prepared_by_who_has_the_case_and_may_be_called_off_by_both(pages):
    reference, desk = pages.desk.send("ana"), pages.desk
    day = TODAY + timedelta(days=20)
    desk_handovers = Handovers(desk.database)
    desk_handovers.write_down([Move(reference, day, served(54, SOUTH, on=day, edition=2))])
    wiki, wira = pages.of("wiki"), pages.of("wira")
    assert "goes to Made-up provider South" in words(wiki.get("/requests/handovers"))
    assert "20 December 2026" in words(wiki.get(f"/requests/cases/{reference}"))
    coming = wira.get("/requests/handovers")
    assert "comes from Made-up provider North" in words(coming)
    assert "Made-up Student" not in coming.text
    for login in ("ana", "cleo", "wira", "authn", "mina"):
        other = pages.of(login)
        noted = post(other, "/requests/handovers/1/note", note="No.")
        assert noted.status_code == 404, login
    for login in ("ana", "cam", "authn", "mina"):
        agreed = post(pages.of(login), "/requests/handovers/1/stay", reason="No.")
        assert agreed.status_code == 404, login
    assert post(wiki, "/requests/handovers/1/note", note="Ring first.").status_code == 303
    assert "Ring first." not in wira.get("/requests/handovers").text, "not before the day"
    unsaid = post(wiki, "/requests/handovers/1/stay", reason="")
    assert unsaid.status_code == 400
    assert 'href="#stay-1"' in unsaid.text
    assert post(wiki, "/requests/handovers/1/stay", reason="Nearly done.").status_code == 303
    assert "Nearly done." in wira.get("/requests/handovers").text
    assert post(wira, "/requests/handovers/1/stay").status_code == 303
    assert "stays with its holder" in words(wiki.get(f"/requests/cases/{reference}"))


def _v(page) -> dict[str, str]:
    return {"version": re.findall(r'name="version" value="(\d+)"', page.text)[0]}


def _any():
    from catchments.requests.store.cases import Wanted

    return Wanted()

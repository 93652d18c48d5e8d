"""For everything that reads what is sent to the portal: sixteen times as much is no more than
forty times the work, as tests/web/test_work_of_parsers.py has it of the public pages.
"""

from __future__ import annotations

import gc
import io
import math
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from catchments.core.errors import CatchmentsError
from catchments.requests.rules.files import FileKind, judged, plain_name
from catchments.requests.rules.references import read_reference
from catchments.requests.rules.requests import Sought, read_request, same_student
from catchments.requests.web.cases.said import LONGEST_NOTE, LONGEST_UPLOAD
from catchments.requests.web.counts import LONGEST_BODY
from catchments.requests.web.form import FIELDS, LONGEST_FORM
from tests.requests.desk import TODAY, desk_at
from tests.requests.portal import COUNTS_KEY, Pages, filled, pages_of
from tests.requests.test_case_files import DOCX, WORD
from tests.staff import csrf_in
from tests.web.test_work_of_parsers import ATTEMPTS, HARMLESS_S, TIMES, WORK

Ask = Callable[[FlaskClient, str, str], Any]
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pages, FlaskClient, str]]:
    desk = desk_at(tmp_path_factory.mktemp("work"))
    made = pages_of(desk)
    yield made, made.of("ana"), desk.send()
    desk.database.close()


def repeated(unit: str, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size].encode()


def urlencoded(path: str, unit: str) -> Callable[[int], Ask]:
    def make(size: int) -> Ask:
        def ask(client: FlaskClient, token: str, case: str) -> Any:
            body = f"csrf_token={token}&school=54&once=a-form-of-the-tests&".encode()
            sent = body + repeated(unit, size - len(body))
            return client.post(path.format(case=case), data=sent, content_type=URLENCODED)

        return ask

    return make


def multipart(path: str, unit: str) -> Callable[[int], Ask]:
    def make(size: int) -> Ask:
        def ask(client: FlaskClient, token: str, case: str) -> Any:
            part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
            body = part.format("csrf_token", token) + part.format("once", "a-file-of-the-tests")
            units = max(1, (size - len(body) - 9) // len(unit))
            sent = body.encode() + unit.encode() * units + b"--x--\r\n"
            return client.post(path.format(case=case), data=sent, content_type=MULTIPART)

        return ask

    return make


def counts(unit: str, before: str = "") -> Callable[[int], Ask]:
    def make(size: int) -> Ask:
        def ask(client: FlaskClient, _token: str, _case: str) -> Any:
            return client.post(
                "/requests/v1/counts",
                data=before.encode() + repeated(unit, size - len(before)),
                content_type="application/json",
                headers={"Authorization": f"Bearer {COUNTS_KEY}"},
            )

        return ask

    return make


NEW, NOTE, FILE = "/requests/new", "/requests/cases/{case}/notes", "/requests/cases/{case}/files"
FIELD = '--x\r\nContent-Disposition: form-data; name="guide_x"\r\n\r\ny\r\n'
A_FILE = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-\r\n'
NEARLY = "\r\n--" * 320_000
SENT: dict[str, tuple[Callable[[int], Ask], int]] = {
    "a form, fields": (urlencoded(NEW, "a&"), LONGEST_FORM),
    "a form, blanks": (urlencoded(NEW, "barriers=+++"), LONGEST_FORM),
    "a form, escapes": (urlencoded(NEW, "%C4%81"), LONGEST_FORM),
    "a form, bad escapes": (urlencoded(NEW, "%"), LONGEST_FORM),
    "a form, answers of the guide": (urlencoded(NEW, "guide_x=years-1-11&"), LONGEST_FORM),
    "a form, one long text": (urlencoded(f"{NEW}", "x"), LONGEST_FORM),
    "a form in parts": (multipart(NEW, FIELD), LONGEST_FORM),
    "a form in parts, half of one": (multipart(NEW, "\r\n--"), LONGEST_FORM),
    "a note": (urlencoded(NOTE, "text=+%0A"), LONGEST_NOTE),
    "a note of escapes": (urlencoded(NOTE, "&text=%0D"), LONGEST_NOTE),
    "files": (multipart(FILE, A_FILE[:-2] + "x" * 1_250_000 + "\r\n"), LONGEST_UPLOAD),
    "files of line ends": (multipart(FILE, A_FILE + "\r\n" * 650_000), LONGEST_UPLOAD),
    "files that nearly end": (multipart(FILE, f"{A_FILE}{NEARLY}\r\n"), LONGEST_UPLOAD),
    "counts, brackets": (counts("["), LONGEST_BODY),
    "counts, digits": (counts("1", '{"school_ids":[1'), LONGEST_BODY),
    "counts, schools": (counts("54,", '{"school_ids":['), LONGEST_BODY),
    "search": (urlencoded("/requests/search", "reference=34679"), 60_000),
    "cases that are ticked": (urlencoded("/requests/cases/assign", "case=AB:1&"), 60_000),
}


@pytest.mark.parametrize("what", SENT)
def test_sixteen_times_as_much_is_less_than_forty_times_the_work(pages, what):
    (_, client, case), (make, most) = pages, SENT[what]
    token = csrf_in(client.get("/requests"))
    small, large = make(most // TIMES), make(most)

    def work_s(ask: Ask) -> float:
        started = time.thread_time()
        response = ask(client, token, case)
        taken = time.thread_time() - started
        response.close()
        assert response.status_code < 500
        return taken

    _is_no_more_than_it_should_be(lambda: work_s(small), lambda: work_s(large))


A_NAME = A_FILE.replace("a.pdf", "{}")


# What was begun of a form that is refused is closed as it is thrown away.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["a", "a" * 30_000, "a" * 1_000_000], ids=["many", "long", "one"])
def test_names_of_files_are_not_read_for_seconds(pages, name):
    (_, client, case), token = pages, csrf_in(pages[1].get("/requests"))
    answer = multipart(FILE, A_NAME.format(name))(LONGEST_UPLOAD)(client, token, case)
    assert answer.status_code == 413
    gc.collect()


def _is_no_more_than_it_should_be(small: Callable[[], float], large: Callable[[], float]) -> None:
    few = many = math.inf
    for _ in range(ATTEMPTS):
        few, many = min(few, small()), min(many, large())
        if many < WORK * max(few, HARMLESS_S):
            return
    pytest.fail(f"{few * 1000:.1f} ms became {many * 1000:.0f} ms")


# --- what is read of a form and of a file ---------------------------------------------------------


def members(count: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as written:
        written.writestr("[Content_Types].xml", WORD)
        for n in range(count):
            written.writestr(f"word/{n}", b"")
    return made.getvalue()


def document(count: int) -> Callable[[], Any]:
    return partial(judged, members(count))


def read(field: str, unit: str) -> Callable[[int], Callable[[], Any]]:
    def make(size: int) -> Callable[[], Any]:
        form = filled(**{field: unit * size})
        return lambda: read_request(form, today=TODAY, with_nsn=True)

    return make


READ: dict[str, tuple[Callable[[int], Callable[[], Any]], int]] = {
    **{
        f"{field} of {unit!r}": (read(field, unit), 500)
        for field in FIELDS
        for unit in "1a \r\u0300"
    },
    "a name": (lambda n: lambda: same_student(Sought("a\u0300 " * n, date(2014, 3, 4))), 500),
    "a reference": (lambda n: lambda: read_reference("3 " * n), 2_000),
    "a file's name": (lambda n: lambda: plain_name("a\u0300/." * n, FileKind.PDF), 2_000),
    "a document of many parts": (document, 110),
    "a document of more parts": (document, 1_000),
    "a document and more": (lambda n: partial(judged, DOCX + b"PK\5\6" * n), 100_000),
}


@pytest.mark.parametrize("what", READ)
def test_sixteen_times_as_long_is_less_than_forty_times_the_work(what):
    make, size = READ[what]

    def work_s(do: Callable[[], Any]) -> float:
        started = time.thread_time()
        with suppress(CatchmentsError):
            do()
        return time.thread_time() - started

    small, large = make(size), make(TIMES * size)
    _is_no_more_than_it_should_be(lambda: work_s(small), lambda: work_s(large))

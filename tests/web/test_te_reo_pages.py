"""Te reo Māori: a whole catalogue, and pages that say what of it nobody has checked."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from flask.testing import FlaskClient
from markupsafe import escape

from catchments.core.errors import FileRefused
from catchments.core.model import Answer, Catchment, Notice, Provider, Status, Upcoming
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.site_texts import shipped_pages
from catchments.web.application import WEB
from catchments.web.common.i18n import LANGUAGE
from catchments.web.spoken.catalogues import PARTLY_ENGLISH, UNREVIEWED, flaws, said
from catchments.web.spoken.dates import long_date
from catchments.web.spoken.sentences import answered, coming
from tests.web.test_language import extracted
from tests.worlds import running_application

pytestmark = pytest.mark.every_case

PUBLIC = WEB / "translations" / "public.toml"
WRITTEN = WEB / "translations" / "mi" / "LC_MESSAGES" / "messages.po"
COMPILED = WRITTEN.with_suffix(".mo")
PAGES = (
    *("/", "/?q=", "/?q=nobody+knows+this", "/?q=Kaitaia", "/?q=referral", "/school/54"),
    *("/school/498", "/map", "/catchments", "/catchments?q=zzz", "/when-to-ask", "/history"),
    *("/history/1", "/history?on=2020-01-01", "/downloads", "/no-such-page", "/history/99"),
    *(f"/{page}" for page in shipped_pages()),
    *("/report", "/report/thanks", "/embed/about", "/catchment/AHI-1", "/catchment/TOT-4"),
)


def catalogue() -> Catalog:
    with WRITTEN.open("rb") as file:
        return read_po(file, locale="mi")


def pairs(found: Catalog) -> list[tuple[str, str]]:
    """Each string with its translation, the forms for one and for many by themselves."""
    both = ((m.id, m.string) for m in found if m.id)
    return [
        pair
        for english, other in both
        for pair in (
            [(english, other)] if isinstance(english, str) else zip(english, other, strict=True)
        )
    ]


# --- the catalogue --------------------------------------------------------------------------------


def test_the_catalogue_has_every_string_of_the_public_pages_and_no_other():
    settings = tomllib.loads(PUBLIC.read_text(encoding="utf-8"))
    listed = {message.id for message in catalogue() if message.id}
    assert listed == extracted(settings["mappings"]), "run scripts/translations, and translate"


def test_nothing_is_left_untranslated():
    assert [english for english, maori in pairs(catalogue()) if not maori.strip()] == []


def test_what_pages_speak_is_what_the_catalogue_says():
    made = BytesIO()
    write_mo(made, catalogue(), use_fuzzy=True)
    assert COMPILED.read_bytes() == made.getvalue(), "run scripts/translations"


def test_what_nobody_has_reviewed_is_marked_and_the_rest_says_whose_word_it_is():
    unmarked = {m.id for m in catalogue() if m.id and not m.fuzzy and not m.user_comments}
    assert unmarked == set()


def test_a_translation_begins_and_ends_as_its_english_does():
    ends = re.compile(r"[.:?]?$")
    odd = [
        (english, maori)
        for english, maori in pairs(catalogue())
        if ends.search(english)[0] != ends.search(maori)[0]
    ]
    assert odd == []


def test_te_reo_has_its_macrons_as_one_letter_and_no_letter_that_it_lacks():
    strange = re.compile(r"[äëïöüÄËÏÖÜ\u0304]")
    assert [maori for _, maori in pairs(catalogue()) if strange.search(maori)] == []


def test_no_catalogue_has_a_flaw():
    assert list(flaws(catalogue())) == []


@pytest.mark.parametrize(
    ("english", "other", "wrong"),
    [
        ("For %(name)s", "Mō %(nama)s", "has other values: %(nama)s"),
        ("For %(name)s", "Mō ia", "has other values: none"),
        ("{count} more", "{kaute} anō", "has other values: {kaute}"),
        ("a <b>b</b>", "he <i>b</i>", "has other tags"),
        ("a <b>b</b>", "he b<script>", "has other tags"),
        ("For %(name)s", "70% mō %(name)s", "has a % that begins no value"),
        (("%(n)s school", "%(n)s schools"), ("%(n)s kura",), "has one form for any number"),
        (("%(n)s school", "%(n)s schools"), ("%(n)s kura", "kura"), "has other values: none"),
    ],
)
def test_a_translation_that_would_not_fit_is_told(
    english: str | tuple[str, str], other: str | tuple[str, ...], wrong: str
):
    made = Catalog(locale="mi")
    made.add(english, other)
    assert [wrong in flaw for flaw in flaws(made)] == [True]


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("For %(name)s", "Ko %(name)s anō"),
        ("", "Language: mi"),
        ("70% or less", "70%, iti iho rānei"),
        ("Not yet", ""),
        (("one school", "%(n)s schools"), ("kura kotahi", "%(n)s kura")),
    ],
)
def test_a_translation_that_fits_has_no_flaw(
    english: str | tuple[str, str], other: str | tuple[str, ...]
):
    made = Catalog(locale="mi")
    made.add(english, other)
    assert list(flaws(made)) == []


# --- a catalogue that is not whole ----------------------------------------------------------------


@contextmanager
def speaking(
    folder: Path, database: Path, monkeypatch: pytest.MonkeyPatch, made: Catalog | bytes
) -> Iterator[FlaskClient]:
    """A client of a copy of the pages with another catalogue, written and compiled."""
    web = folder / "web"
    shutil.copytree(WEB, web, ignore=shutil.ignore_patterns("mi", "__pycache__", "static"))
    (web / "static").symlink_to(WEB / "static")
    there = web / "translations" / "mi" / "LC_MESSAGES"
    there.mkdir(parents=True)
    if isinstance(made, bytes):
        (there / "messages.mo").write_bytes(made)
    else:
        with (there / "messages.mo").open("wb") as compiled:
            write_mo(compiled, made, use_fuzzy=True)
        with (there / "messages.po").open("wb") as written:
            write_po(written, made)
    monkeypatch.setattr("catchments.web.application.WEB", web)
    with running_application(database) as app:
        yield app.test_client()


def test_what_a_language_lacks_is_in_english_and_the_page_says_so_once(
    tmp_path: Path, small_database: Path, monkeypatch: pytest.MonkeyPatch
):
    half = Catalog(locale="mi")
    half.add("School", "Kura")
    half.add(PARTLY_ENGLISH, "Kei te reo Pākehā ētahi wāhanga.")
    with speaking(tmp_path, small_database, monkeypatch, half) as client:
        page = client.get("/mi/map").text
    assert "Kei te reo Pākehā ētahi wāhanga." in page
    assert page.count(f'<span lang="en-NZ">{PARTLY_ENGLISH}</span>') == 1
    assert "Skip to main content" in page


def test_a_page_says_that_nobody_has_checked_it_until_everything_is_reviewed(
    tmp_path: Path, small_database: Path, monkeypatch: pytest.MonkeyPatch
):
    reviewed = catalogue()
    for message in reviewed:
        message.flags.discard("fuzzy")
    with running_application(small_database) as app:
        assert f'<span lang="en-NZ">{UNREVIEWED}</span>' in app.test_client().get("/mi/map").text
        assert UNREVIEWED not in app.test_client().get("/map").text
    with speaking(tmp_path, small_database, monkeypatch, reviewed) as client:
        assert UNREVIEWED not in client.get("/mi/map").text


DAMAGED = {
    "empty": b"",
    "text": b"not a catalogue",
    "cut off": COMPILED.read_bytes()[:-400],
    "nothing but its beginning": b"\xde\x12\x04\x95" * 9,
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_catalogue_stops_the_start_and_says_how_to_mend_it(
    how: str, tmp_path: Path, small_database: Path, monkeypatch: pytest.MonkeyPatch
):
    named = r"translations/mi/LC_MESSAGES/messages\.mo cannot be read: .*scripts/translations"
    with (
        pytest.raises(FileRefused, match=named),
        speaking(tmp_path, small_database, monkeypatch, DAMAGED[how]),
    ):
        pass


def test_a_catalogue_that_does_not_fit_stops_the_start(
    tmp_path: Path, small_database: Path, monkeypatch: pytest.MonkeyPatch
):
    wrong = Catalog(locale="mi")
    wrong.add("As at %(date)s.", "I te %(rā)s.")
    with (
        pytest.raises(FileRefused, match="the translation of “As at"),
        speaking(tmp_path, small_database, monkeypatch, wrong),
    ):
        pass


# --- the pages ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(small_database: Path) -> Iterator[FlaskClient]:
    with running_application(small_database) as app:
        yield app.test_client()


class Heard(HTMLParser):
    """What is read out of a page in its own language: its words, and its attributes that are."""

    SAID = frozenset({"alt", "aria-label", "title", "placeholder", "content", "data-words"})
    ALONE = frozenset({"meta", "link", "img", "input", "br", "source"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped: list[bool] = [False]
        self.feed(re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        english = given["lang"].startswith("en") if "lang" in given else self._skipped[-1]
        if not english:
            self.words += [value for name, value in given.items() if name in self.SAID]
        if tag not in self.ALONE:
            self._skipped.append(english)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.ALONE:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped[-1]:
            self.words.append(data)


LONG_ENOUGH = 9
"""Characters of a string that stands in a page by itself, and not as a part of some name."""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_in_te_reo_has_no_english_of_the_catalogue_left(path: str, client: FlaskClient):
    page = " ".join(Heard(client.get(f"/mi{path}", headers={"Accept": "text/html"}).text).words)
    fixed = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
    left = {
        part
        for english, maori in pairs(catalogue())
        for part in fixed.split(english)
        if len(part) >= LONG_ENOUGH and " " in part.strip() and part not in maori
        if re.search(rf"\b{re.escape(part.strip())}(?!\w)", page)
    }
    assert left - {"Chatham Islands"} == set()  # a region's name has it as well


def test_content_in_english_is_marked_as_such(client: FlaskClient):
    page = client.get("/mi/when-to-ask").text
    assert '<span lang="en-NZ">Which student (<span lang="mi">ākonga</span>) is it about?' in page
    assert f'<span lang="en-NZ">{PARTLY_ENGLISH}</span>' in page


def test_english_pages_say_nothing_of_languages(client: FlaskClient):
    page = client.get("/when-to-ask").text
    assert "language-note" not in page
    assert 'lang="en-NZ">Which' not in page


def test_hostile_content_stays_text_in_any_language(client: FlaskClient):
    with in_te_reo(client):
        assert said("<b>{{7*191}}</b>") == '<span lang="en-NZ">&lt;b&gt;{{7*191}}&lt;/b&gt;</span>'


# --- what the domain says -------------------------------------------------------------------------

DAY = date(2026, 2, 1)


@contextmanager
def in_te_reo(client: FlaskClient) -> Iterator[None]:
    with client.application.test_request_context("/mi/map", environ_base={LANGUAGE: "mi"}):
        yield


def test_dates_are_in_the_language_of_the_page(client: FlaskClient):
    with client.application.test_request_context("/map"):
        assert long_date(DAY) == "1 February 2026"
    with in_te_reo(client):
        assert long_date(DAY) == "1 Pēpuere 2026"


@pytest.mark.parametrize(
    ("school", "english", "maori"),
    [
        (59, "This school closed on 19 December 2025.", "I kati tēnei kura i te 19 Tīhema 2025."),
        (60, "it is to open on 1 February 2027", "ka tuwhera i te 1 Pēpuere 2027"),
        (61, "exactly on the boundary between", "E tata ana tēnei wāhi ki te paenga"),
        (58, "It lies outside every catchment", "Kei waho i ngā takiwā katoa"),
    ],
)
def test_a_page_makes_its_own_words_from_the_codes_of_an_answer(
    school: int, english: str, maori: str, client: FlaskClient
):
    assert english in client.get(f"/school/{school}").text
    page = client.get(f"/mi/school/{school}").text
    assert maori in page
    assert english not in page


def test_an_answer_by_the_nearest_catchment_says_so_in_any_language(client: FlaskClient):
    page = client.get("/mi/history?school=58").text
    assert "Ngā Rākau" in page
    assert "Kei waho i ngā takiwā katoa" in page
    assert "1.7 km" in page


CATCHMENT = Catchment("AHI-1", "Ahi", "P-AHI", "Tai Tokerau")
PROVIDER = Provider("P-AHI", "Ahi & Co")
SAID = (
    ("From 1 February 2026 it is in no one catchment.", None, None),
    ("From 1 February 2026 the Ahi catchment has no provider.", CATCHMENT, None),
    ("From 1 February 2026 it is served by Ahi & Co.", CATCHMENT, PROVIDER),
)


@pytest.mark.parametrize(("english", "catchment", "provider"), SAID)
def test_what_will_change_is_said_in_the_language_of_the_page(
    english: str, catchment: Catchment | None, provider: Provider | None, client: FlaskClient
):
    change = Upcoming(DAY, 2, catchment, provider, english)
    with client.application.test_request_context("/map"):
        assert coming(change) == escape(english)
    with in_te_reo(client):
        assert "Mai i te 1 Pēpuere 2026" in coming(change)
        assert ("Ahi &amp; Co" in coming(change)) is (provider is not None)


def test_a_sentence_that_nothing_makes_anew_is_marked_as_english(client: FlaskClient):
    notice = Notice(NoticeCode.RENAMED, "It is called <Ahi> now.")
    shown = '<span lang="en-NZ">It is called &lt;Ahi&gt; now.</span>'
    with in_te_reo(client):
        assert answered(Answer(Status.UNRESOLVED, "Nobody knows.")).startswith('<span lang="en-NZ"')
        template = client.application.jinja_env.from_string("{{ notice|noticed(answer) }}")
        assert template.render(notice=notice, answer=Answer(Status.UNRESOLVED, "")) == shown

"""Every string of a page is in the catalogue; a translation is offered to who prefers it."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from catchments.core.settings import ROOT
from catchments.web.application import WEB
from catchments.web.common.i18n import te_reo
from tests.worlds import visited

pytestmark = pytest.mark.every_case

TEMPLATE = WEB / "translations" / "messages.pot"
COMMAND = "scripts/translations"


def in_code() -> set[str | tuple[str, ...]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return extracted(settings["tool"]["babel"]["mappings"])


def extracted(mappings: list[dict[str, str]]) -> set[str | tuple[str, ...]]:
    """What `scripts/translations` finds in the files that mappings name."""
    keywords = {"_": None, "gettext": None, "_l": None, "lazy_gettext": None, "ngettext": (1, 2)}
    methods = [(each["pattern"], each["method"]) for each in mappings]
    folders = {pattern.partition("/")[0] for pattern, _ in methods}
    return {
        message
        for folder in folders
        for _, _, message, _, _ in extract_from_dir(
            str(ROOT / folder), [(_below(folder, p), m) for p, m in methods], keywords=keywords
        )
    }


def _below(folder: str, pattern: str) -> str:
    return pattern.removeprefix(f"{folder}/") if pattern.startswith(f"{folder}/") else "-"


def catalogue() -> Catalog:
    with TEMPLATE.open("rb") as file:
        return read_po(file)


def test_the_catalogue_has_every_string_of_every_page_and_no_other():
    listed = {message.id for message in catalogue() if message.id}
    assert listed == in_code(), f"make it anew: {COMMAND}"


def _without_catalogues(tmp_path: Path) -> Path:
    kept = shutil.ignore_patterns("mi", "__pycache__")
    return Path(shutil.copytree(WEB, tmp_path / "web", ignore=kept))


@pytest.fixture
def translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A client of a copy of the pages with a te reo catalogue of one string."""
    web = _without_catalogues(tmp_path)
    folder = web / "translations" / "mi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = Catalog(locale="mi")
    made.add("Skip to main content", "Pekehia ki te ihirangi matua")
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, made)
    monkeypatch.setattr("catchments.web.application.WEB", web)
    with visited(tmp_path) as client:
        yield client


def test_a_page_says_its_language_by_its_address(translated: FlaskClient):
    page = translated.get("/mi/school/54")
    assert "Pekehia ki te ihirangi matua" in page.text
    assert '<html lang="mi">' in page.text
    assert page.headers["Content-Language"] == "mi"
    assert "Accept-Language" not in page.headers.get("Vary", "")


def test_what_a_browser_prefers_changes_no_page_so_that_caches_need_not_ask(
    translated: FlaskClient,
):
    english = translated.get("/school/54", headers={"Accept-Language": "mi"})
    assert "Skip to main content" in english.text
    assert "Accept-Language" not in english.headers.get("Vary", "")
    assert english.headers["ETag"] != translated.get("/mi/school/54").headers["ETag"]


def test_the_language_alone_is_its_first_page(translated: FlaskClient):
    page = translated.get("/mi")
    assert page.status_code == 200
    assert '<link rel="canonical" href="/mi/">' in page.text


def _links(page: str) -> list[str]:
    return re.findall(r'<(?:a|link|script|form|img)[^>]+(?:href|src|action)="(/[^"#?]*)', page)


@pytest.mark.parametrize("path", ["/", "/school/54", "/map", "/catchments", "/history"])
def test_pages_lead_to_pages_of_their_language_and_to_files_that_have_none(
    path: str, translated: FlaskClient
):
    page = translated.get(f"/mi{path}").text
    links = _links(page)
    spoken = {each for each in links if each.startswith("/mi/")}
    assert {"/mi/", "/mi/map", "/mi/catchments", "/mi/history"} <= spoken
    assert not [each for each in links if each.startswith(("/mi/static", "/mi/v1", "/mi/api"))]
    assert f'<a href="{path}" lang="en"' in page
    for link in set(links):
        answer = translated.get(link)
        answer.close()
        assert answer.status_code == 200, link


def test_a_switch_keeps_what_was_asked(translated: FlaskClient):
    page = translated.get("/school/54?on=2026-11-30").text
    assert '<a href="/mi/school/54?on=2026-11-30" lang="mi" hreflang="mi">' in page


def test_search_engines_are_told_of_each_language(translated: FlaskClient):
    page = translated.get("/mi/catchments").text
    assert '<link rel="canonical" href="/mi/catchments">' in page
    assert '<link rel="alternate" hreflang="mi" href="/mi/catchments">' in page
    assert '<link rel="alternate" hreflang="en" href="/catchments">' in page
    assert '<link rel="alternate" hreflang="x-default" href="/catchments">' in page


@pytest.mark.parametrize(
    "path", ["/mi/v1/catchments", "/mi/staff", "/mi/healthz", "/mi/static/site.css", "/mi/mi/map"]
)
def test_what_has_no_language_has_one_address(path: str, translated: FlaskClient):
    assert translated.get(path).status_code == 404


def test_where_there_is_one_language_there_is_no_switch_nor_address_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("catchments.web.application.WEB", _without_catalogues(tmp_path))
    with visited(tmp_path) as client:
        assert "hreflang" not in client.get("/school/54").text
        assert client.get("/mi/school/54").status_code == 404


def test_te_reo_names_are_marked_and_hostile_ones_stay_text():
    assert te_reo("Kaitāia College") == '<span lang="mi">Kaitāia</span> College'
    assert te_reo("<b>Kaitāia</b>") == '&lt;b&gt;<span lang="mi">Kaitāia</span>&lt;/b&gt;'
    assert te_reo("") == ""


def test_no_template_has_words_outside_the_catalogue():
    bare = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]+>", re.DOTALL)
    translated_blocks = re.compile(r"\{%-?\s*trans.*?endtrans\s*-?%\}", re.DOTALL)
    left = {}
    for path in sorted((WEB / "templates").glob("*.html")):
        whole = path.read_text(encoding="utf-8")
        text = bare.sub(" ", translated_blocks.sub(" ", whole))
        words = [w for w in re.findall(r"\w{3,}", text) if w not in ALLOWED]
        words += re.findall(r'(?:aria-label|title|placeholder|alt)="(\w+)', whole)
        if words:
            left[path.name] = words
    assert left == {}


ALLOWED = {"kura", "rohe", "Ngā", "ākonga", "whānau", "wide", "embedded", "front", "lang"} | {
    *("tel", "mailto", "subject", "yes"),  # parts of addresses, and what a macro gives
    *("manifest", "json", "dcat", "jsonld", "datapackage", "SHA256SUMS"),  # names of files
}
"""Te reo Māori terms stand as they are in every language; the rest are names in the markup."""


def test_what_a_sentence_counts_is_named_where_it_says_more_than_a_number():
    """Jinja takes the first value for the number, be it a name: nothing would be one of it."""
    said = re.compile(r"\{%-?\s*trans ([^%]*)%\}(?:(?!endtrans).)*?\{%-?\s*pluralize\s*-?%\}", re.S)
    counted = {
        match[1].partition("=")[0].strip()
        for path in (WEB / "templates").rglob("*.html")
        for match in said.finditer(path.read_text(encoding="utf-8"))
    }
    assert counted <= {"count", "number"}


NOT_WRITTEN_OUT = re.compile(r"(?<![\w.])(?:_|n?gettext)\(\s*(?!['\"\s])")
"""A translation of what is no text of ours, as templates would have it."""


def test_templates_translate_nothing_but_texts_of_their_own() -> None:
    # `_()` gives markup: what a variable holds would stand on the page unescaped. `|said` escapes.
    assert NOT_WRITTEN_OUT.search("{{ _( title) }}")
    for path in (WEB / "templates").rglob("*.html"):
        assert not NOT_WRITTEN_OUT.search(path.read_text(encoding="utf-8")), path.name

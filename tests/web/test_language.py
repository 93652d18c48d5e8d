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

from app import WEB
from catchments.core.settings import ROOT
from catchments.web.common.i18n import te_reo
from tests.worlds import visited

pytestmark = pytest.mark.every_case

TEMPLATE = WEB / "translations" / "messages.pot"
COMMAND = "scripts/translations"


def in_code() -> set[str | tuple[str, ...]]:
    keywords = {"_": None, "gettext": None, "_l": None, "lazy_gettext": None, "ngettext": (1, 2)}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    methods = [(each["pattern"], each["method"]) for each in settings["tool"]["babel"]["mappings"]]
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


@pytest.fixture
def translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A client of a copy of the pages with a te reo catalogue of one string."""
    web = Path(shutil.copytree(WEB, tmp_path / "web"))
    folder = web / "translations" / "mi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = Catalog(locale="mi")
    made.add("Skip to main content", "Pekehia ki te ihirangi matua")
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, made)
    monkeypatch.setattr("app.WEB", web)
    with visited(tmp_path) as client:
        yield client


def test_a_translation_is_given_to_who_prefers_it(translated: FlaskClient):
    page = translated.get("/school/54", headers={"Accept-Language": "mi, en;q=0.5"})
    assert "Pekehia ki te ihirangi matua" in page.text
    assert '<html lang="mi">' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_english_is_given_to_everybody_else_and_caches_know(translated: FlaskClient):
    english = translated.get("/school/54", headers={"Accept-Language": "fr"})
    maori = translated.get("/school/54", headers={"Accept-Language": "mi"})
    assert "Skip to main content" in english.text
    assert "Accept-Language" in english.headers["Vary"]
    assert english.headers["ETag"] != maori.headers["ETag"]


def test_while_there_is_one_language_pages_do_not_vary_by_it(client: FlaskClient):
    page = client.get("/school/54", headers={"Accept-Language": "mi"})
    assert '<html lang="en-NZ">' in page.text
    assert "Accept-Language" not in page.headers.get("Vary", "")


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


ALLOWED = {"kura", "rohe", "Ngā", "ākonga", "whānau", "wide", "embedded", "lang"} | {
    *("manifest", "json", "dcat", "jsonld", "datapackage", "SHA256SUMS"),  # names of files
}
"""Te reo Māori terms stand as they are in every language; the rest are names in the markup."""

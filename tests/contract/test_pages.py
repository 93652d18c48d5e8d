"""The Nu Html Checker, which is the W3C's, finds no error in any page that a reader comes to."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin
from urllib.request import Request, urlopen

import pytest

from catchments.core.roles import Role
from catchments.web.staff.forms.kinds import BY_NAME
from tests.contract.conftest import HERE, Run, of_node
from tests.staff import add_person, post, signed_in
from tests.worlds import lacking, running_application, store_of

pytestmark = pytest.mark.thorough

SELF = "http://finder"
OF_A_KIND = 3
"""So many pages of one kind, such as a catchment's, are looked at: they are one template."""
ALSO = (
    "/?q=kaitaia",
    "/?q=nothing-of-that-name",
    "/?q=St%20Joseph",
    "/?q=54",
    "/?lat=-36.8694&lng=174.7689",
    "/embed",
    "/nothing-here",
    "/when-to-ask",
    "/staff/",
    "/sign-in",
    "/problems/swapped-coordinates",
)


Fetch = Callable[[str], str | None]
"""Gives the page at a path, or None where there is something else."""


def pages_from(fetch: Fetch, *first: str, below: str = "/") -> dict[str, str]:
    """Every kind of page that links lead to from the first ones, by its address."""
    waiting, found, kinds = list(first), dict[str, str](), dict[str, int]()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"=[^&]*", "=", re.sub(r"/(?:[^/?]*[0-9][^/?]*|[A-Z]{2}-[^/?]*)", "/…", path))
        if path in found or (kinds.get(kind, 0) >= OF_A_KIND and path not in first):
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        text = fetch(path)
        if text is not None:
            found[path] = text
            links = re.findall(r'<a [^>]*?href="([^"]+)"', text)
            whole = (urldefrag(urljoin(f"{SELF}{path}", unescape(link)))[0] for link in links)
            waiting += [each.removeprefix(SELF) for each in whole if each.startswith(SELF + below)]
    return found


def html_at(address: str) -> str | None:
    try:
        with urlopen(Request(address, headers={"Accept": "text/html"})) as answer:
            is_page = answer.headers.get_content_type() == "text/html"
            return answer.read().decode() if is_page else None
    except HTTPError as error:
        with error:
            is_page = error.headers.get_content_type() == "text/html"
            return error.read().decode() if is_page else None


def errors_in(pages: dict[str, str], run: Run, folder: Path) -> list[tuple[str, str, str]]:
    """What is wrong, where, and at which address; without Java the test is left out."""
    of_node("redocly")  # which comes with it
    java = shutil.which("java") or lacking("Java is not installed: vnu is left out")
    jar = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    addresses = {}
    for number, (path, text) in enumerate(pages.items()):
        file = folder / f"{number:03}.html"
        file.write_text(text, encoding="utf-8")
        addresses[file.name] = path
    print(f"{len(addresses)} pages")
    # Compiled quickly rather than well: it ends within seconds, and half of them went into that.
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss4m")
    words = ("-jar", jar, "--format", "json", "--exit-zero-always")
    said = run(java, *quick, *words, *sorted(folder.glob("*.html"))).said
    notes = json.loads(said[said.index("{") :])["messages"]
    return sorted(
        {
            (note["message"], note.get("extract", ""), addresses[note["url"].rpartition("/")[2]])
            for note in notes
            if note["type"] == "error" or note.get("subType") == "warning"
        }
    )


def test_vnu_finds_no_error_in_any_public_page(url: str, run: Run, tmp_path: Path) -> None:
    pages = pages_from(lambda path: html_at(f"{url}{path}"), "/", *ALSO)
    # A download, not a page: Leaflet's own styles are in it, with what old browsers wanted.
    pages = {path: page for path, page in pages.items() if not path.endswith("/map.html")}
    assert len(pages) > 25
    errors = errors_in(pages, run, tmp_path)
    assert not errors, "\n".join(map(repr, errors))


def test_vnu_finds_no_error_in_a_staff_page(small_copy: Path, run: Run, tmp_path: Path) -> None:
    with running_application(small_copy) as app:
        add_person(store_of(app), "tama", Role.ADMINISTRATOR, Role.EDITOR)
        client = signed_in(app, "tama")
        post(client, "/staff/drafts/new", title="A draft", reason="A reason", base="1")

        def fetch(path: str) -> str | None:
            answer = client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
            return answer.text if answer.mimetype == "text/html" else None

        forms = [f"/staff/drafts/1/change/{kind}" for kind in BY_NAME]
        pages = pages_from(fetch, "/staff", "/staff/drafts/1", *forms, below="/staff")
    assert len(pages) > 25
    errors = errors_in(pages, run, tmp_path)
    assert not errors, "\n".join(map(repr, errors))

"""The Nu Html Checker, which is the W3C's, finds no error in any page that a reader comes to."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.contract.conftest import HERE, Run, of_node
from tests.worlds import lacking

pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("contract")]

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


def pages_from(url: str) -> dict[str, str]:
    """Every kind of page that links lead to from the first one, by its address."""
    waiting, found, kinds = ["/", *ALSO], {}, dict[str, int]()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"=[^&]*", "=", re.sub(r"/(?:[^/?]*[0-9][^/?]*|[A-Z]{2}-[^/?]*)", "/…", path))
        if path in found or (kinds.get(kind, 0) >= OF_A_KIND and path not in ALSO):
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        text = html_at(f"{url}{path}")
        if text is None:
            continue
        found[path] = text
        for link in re.findall(r'<a [^>]*?href="([^"]+)"', text):
            whole = urldefrag(urljoin(f"{url}{path}", unescape(link)))[0]
            if whole.startswith(f"{url}/"):
                parts = urlsplit(whole)
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
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


def test_vnu_finds_no_error_in_any_page(url: str, run: Run, tmp_path: Path) -> None:
    of_node("redocly")  # which comes with it
    java = shutil.which("java") or lacking("Java is not installed: vnu is left out")
    jar = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    addresses = {}
    for number, (path, text) in enumerate(pages_from(url).items()):
        file = tmp_path / f"{number:03}.html"
        file.write_text(text, encoding="utf-8")
        addresses[file.name] = path
    assert len(addresses) > 25
    print(f"{len(addresses)} pages")
    words = ("-Xss4m", "-jar", jar, "--format", "json", "--exit-zero-always")
    said = run(java, *words, *sorted(tmp_path.glob("*.html")))
    notes = json.loads(said.said[said.said.index("{") :])["messages"]
    errors = {
        (note["message"], note.get("extract", ""), addresses[note["url"].rpartition("/")[2]])
        for note in notes
        if note["type"] == "error" or note.get("subType") == "warning"
    }
    assert sorted(errors) == []

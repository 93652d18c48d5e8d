"""Our own files have addresses that change with their content."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from flask.testing import FlaskClient

from app import WEB
from catchments.web.assets import version_of


def test_a_pages_files_may_be_kept_for_good(client: FlaskClient):
    (style,) = re.findall(r'href="(/static/site\.css\?v=[0-9a-f]{12})"', client.get("/").text)
    with client.get(style) as response:
        assert "immutable" in response.headers["Cache-Control"]


def test_a_file_under_another_version_is_not_kept(client: FlaskClient):
    for address in ("/static/site.css", "/static/site.css?v=000000000000"):
        with client.get(address) as response:
            assert response.status_code == 200
            assert "immutable" not in response.headers.get("Cache-Control", "")


def test_another_template_is_another_version(tmp_path: Path):
    web = Path(shutil.copytree(WEB, tmp_path / "web"))
    before = version_of(web)
    assert before == version_of(WEB)
    page = web / "templates" / "base.html"
    page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert version_of(web) != before


def test_a_page_is_another_once_it_is_written_anew(client: FlaskClient):
    version = version_of(WEB)
    assert client.get("/school/54").headers["ETag"].startswith(f'"{version}')
    assert version not in client.get("/provider?school_id=54").headers["ETag"]

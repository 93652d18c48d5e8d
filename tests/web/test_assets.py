"""Our own files have addresses that change with their content."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from flask.testing import FlaskClient

from catchments.lookup.guidance import FOLDER
from catchments.lookup.site_texts import FOLDER as SITE_TEXTS
from catchments.web.application import WEB
from catchments.web.common.assets import EXTENSION, WRITTEN_IN, version_of


def test_a_pages_files_may_be_kept_for_good(client: FlaskClient):
    (style,) = re.findall(r'href="(/static/site\.css\?v=[0-9a-f]{12})"', client.get("/").text)
    with client.get(style) as response:
        assert "immutable" in response.headers["Cache-Control"]


def test_a_file_under_another_version_is_not_kept(client: FlaskClient):
    for address in ("/static/site.css", "/static/site.css?v=000000000000"):
        with client.get(address) as response:
            assert response.status_code == 200
            assert "immutable" not in response.headers.get("Cache-Control", "")


def test_a_changed_an_added_and_a_renamed_file_each_make_another_version(tmp_path: Path):
    folder = Path(shutil.copytree(WEB / "templates", tmp_path / "templates"))
    seen = [version_of(WEB / "templates"), version_of(folder)]
    assert seen[0] == seen[1]
    page = folder / "base.html"
    page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    seen.append(version_of(folder))
    (folder / "more.html").write_text("", encoding="utf-8")
    seen.append(version_of(folder))
    page.rename(folder / "basis.html")
    seen.append(version_of(folder))
    assert len(set(seen)) == 4


def test_pages_are_another_once_they_are_written_anew(client: FlaskClient):
    version = client.application.extensions[EXTENSION]
    assert version == version_of(*(WEB / name for name in WRITTEN_IN), FOLDER, SITE_TEXTS)
    assert client.get("/school/54").headers["ETag"].startswith(f'"{version}')
    assert version not in client.get("/provider?school_id=54").headers["ETag"]

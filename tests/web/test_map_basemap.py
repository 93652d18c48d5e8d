"""Roads, lakes and rivers as pages name them and give them: by version, cell by cell."""

from __future__ import annotations

import html
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.store.site.basemap import Basemaps, Cell, Credit
from tests.worlds import HOSTILE, running_application, store_of

CELL = b'{"per":1,"road":[[[0,0,1,1]]]}'


@pytest.fixture
def app(small_database: Path, tmp_path: Path) -> Iterator[Flask]:
    path = Path(shutil.copy(small_database, tmp_path / "small.sqlite"))
    with running_application(path) as made:
        yield made


def cells_of(client: FlaskClient) -> str | None:
    (told,) = re.findall(r'data-urls="([^"]*)"', client.get("/map").text)
    found: dict[str, str] = json.loads(html.unescape(told))
    return found.get("basemap")


def test_pages_name_cells_only_where_there_are_some(app: Flask, client: FlaskClient) -> None:
    assert cells_of(client) is None
    assert "data-credit" not in client.get("/map").text
    assert client.get("/map/data/basemap/000000000000/near/172_-44.json").status_code == 404
    kept = Basemaps(store_of(app))
    kept.replace(
        [Cell("near/172_-44", zlib.compress(CELL))], Credit("Roads", HOSTILE, "B"), files=[]
    )
    app.extensions["catchments"].snapshots.refresh()
    address = cells_of(client)
    assert address
    page = client.get("/map").text
    credit = re.findall(r'data-credit="([^"]*)"', page)
    assert html.unescape(credit[0]) == f"Roads: {HOSTILE}, B"
    assert HOSTILE not in page
    found = client.get(address.replace("WHICH", "near/172_-44"))
    assert found.data == CELL
    assert "immutable" in found.headers["Cache-Control"]
    assert client.get(address.replace("WHICH", "far/0_0")).json == {"per": 1}
    for wrong in ("other/0_0", "near/x", "near/0_0/1", "near/9999_9999"):
        assert client.get(address.replace("WHICH", wrong)).status_code == 404
    kept.remove()
    app.extensions["catchments"].snapshots.refresh()
    assert client.get(address.replace("WHICH", "near/172_-44")).status_code == 404

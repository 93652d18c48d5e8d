"""Programs that read our files read all of them: each record, with its values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest

from tests.contract.conftest import HERE, Run, of_node, of_python

pytestmark = pytest.mark.thorough

MAPS = [
    ("/downloads/1/boundaries.geojson", "geojson"),
    ("/downloads/1/boundaries-as-published.topojson", "topojson"),
    ("/v1/catchments.geojson", "geojson"),
    ("/map/data/1/boundaries.topojson", "topojson"),
]


def fetched(address: str, folder: Path, name: str = "") -> Path:
    path = folder / (name or address.rpartition("/")[2])
    with urlopen(address) as answer:
        path.write_bytes(answer.read())
    return path


def total(url: str) -> int:
    with urlopen(f"{url}/v1/catchments?limit=1") as answer:
        count: int = json.load(answer)["total"]
    return count


@pytest.mark.parametrize(("address", "kind"), MAPS)
def test_mapshaper_reads_every_record(
    address: str, kind: str, url: str, run: Run, tmp_path: Path
) -> None:
    program = of_node("mapshaper")
    said = run(program, fetched(f"{url}{address}", tmp_path, f"map.{kind}"), "-info").said
    records = list(map(int, re.findall(r"Records: +([0-9,]+)", said)))
    assert total(url) in records, said
    assert re.search(r"Type: +polygon", said)


def test_fastkml_reads_every_placemark(url: str, run: Run, tmp_path: Path) -> None:
    python = of_python("python")
    path = fetched(f"{url}/downloads/1/boundaries-simplified.kml", tmp_path)
    assert f"{total(url)} placemarks" in run(python, HERE / "read_kml.py", path).stdout


def test_frictionless_finds_every_table_as_it_is_described(
    url: str, run: Run, tmp_path: Path
) -> None:
    frictionless = of_python("frictionless")
    address = f"{url}/downloads/1/datapackage.json"
    package = fetched(address, tmp_path)
    told: Any = json.loads(package.read_text())
    for resource in told["resources"]:
        name = resource["path"].rpartition("/")[2]
        fetched(urljoin(address, resource["path"]), tmp_path)
        resource["path"] = name  # as in a folder that somebody downloads all of them to
    package.write_text(json.dumps(told))
    ended = run(frictionless, "validate", package.name, "--json", anyhow=True)
    report = json.loads(ended.stdout)
    assert [e for task in report["tasks"] for e in task["errors"]] == []
    assert report["valid"], ended.said
    assert len(report["tasks"]) == len(told["resources"]) > 0

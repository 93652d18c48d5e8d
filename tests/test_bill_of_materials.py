"""The bill of materials: valid CycloneDX, every pin with its hashes, the same bytes each time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from catchments.core.settings import ROOT
from scripts.bill_of_materials import CARRIED, OF_THE_SYSTEM, PINS, written
from tests.test_requirements import pinned


@pytest.fixture(scope="module")
def text() -> str:
    return written(PINS.read_text(encoding="utf-8"))


def test_it_is_valid_by_the_schema(text: str) -> None:
    # Two seconds that only whoever runs this test needs.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_every_address_in_it_is_one(text: str) -> None:
    # The schema's own check of addresses is left out: each process that imports jsonschema would
    # read a grammar for it, 16 MB and a second and a half.
    addresses = re.findall(r'"url": ("[^"]*")', text)
    parts = [urlsplit(json.loads(each)) for each in addresses]
    assert len(parts) >= len(pinned("requirements"))
    assert {part.scheme for part in parts} == {"https"}
    assert all(re.fullmatch(r"[a-z0-9.-]+", part.netloc) for part in parts)
    assert all(re.fullmatch(r"[!-~]*", part.path + part.query) for part in parts)


def test_every_pin_is_in_it_with_its_hashes(text: str) -> None:
    listed = {part["name"]: part for part in json.loads(text)["components"]}
    pins = {name: str(pin.specifier).strip("=") for name, pin in pinned("requirements").items()}
    assert {name: listed[name]["version"] for name in pins} == pins
    assert set(listed) == {*pins, *OF_THE_SYSTEM}
    hashes = {
        each["content"]
        for part in listed.values()
        for reference in part.get("externalReferences", [])
        for each in reference["hashes"]
    }
    assert len(hashes) == PINS.read_text(encoding="utf-8").count("--hash=sha256:")


def test_every_library_says_its_licence(text: str) -> None:
    parts = json.loads(text)["components"]
    silent = {part["name"] for part in parts if "purl" in part and not part.get("licenses")}
    assert silent - set(OF_THE_SYSTEM) == set()


def test_what_a_library_carries_along_is_named(text: str) -> None:
    parts = {part["name"]: part for part in json.loads(text)["components"]}
    for outer, (inner, version, _) in CARRIED.items():
        assert [(p["name"], p["version"]) for p in parts[outer]["components"]] == [(inner, version)]
        assert parts[outer]["version"].startswith(version)


def test_the_same_pins_give_the_same_bytes_in_every_process(text: str) -> None:
    command = [sys.executable, "-m", "scripts.bill_of_materials"]
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert again.stdout == text
    pins = PINS.read_text(encoding="utf-8")
    assert written(pins.replace("flask==", "flask-x==")) != text

"""The pins are in step with the lists that say why, as far as this machine can tell offline.

`scripts/pins --check` says it for every machine; it asks the package index.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from catchments.core.settings import ROOT

pytestmark = pytest.mark.every_case

LISTS = ("requirements", "catchments/bulk/cluster-requirements", "tests/requirements")
LIST = ROOT / "requirements.in"
WITHOUT = re.compile(r"^# without ([a-z0-9-]+) +(\S.+)$", re.MULTILINE)
OTHERS = ("tests/contract/requirements", "scripts/peers/requirements")
"""Of other people's tools, in environments of their own."""
EACH_LIST = pytest.mark.parametrize("name", [*LISTS, *OTHERS])
PIN = re.compile(
    r"^([a-z0-9._-]+==[^\\\n]+?) *\\\n((?: +--hash=sha256:\S+(?: \\)?\n)+)", re.MULTILINE
)


def chosen(name: str) -> list[tuple[Requirement, str]]:
    """Each requirement of a list with the reason beside it."""
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    rows = [line.partition("#") for line in lines if line and not line.startswith("#")]
    return [(Requirement(asked.strip()), why.strip()) for asked, _, why in rows]


def pinned(name: str) -> dict[str, Requirement]:
    """What a file pins, by name, without the files that it includes."""
    found = PIN.findall((ROOT / f"{name}.txt").read_text())
    pins = [Requirement(text) for text, _hashes in found]
    return {canonicalize_name(pin.name): pin for pin in pins}


def left_out() -> set[str]:
    """What is declared and not installed, each with a reason."""
    return {canonicalize_name(name) for name, _ in WITHOUT.findall(LIST.read_text())}


def here(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def brought(roots: list[Requirement]) -> set[str]:
    """The names of what is installed for some requirements, themselves and all they bring here."""
    seen: set[tuple[str, str]] = set()
    waiting = [(root, extra) for root in roots for extra in (root.extras or {""})]
    while waiting:
        root, extra = waiting.pop()
        key = (canonicalize_name(root.name), extra)
        if key in seen:
            continue
        seen.add(key)
        needs = map(Requirement, distribution(root.name).requires or [])
        for need in needs:
            if here(need, {extra, ""}) and canonicalize_name(need.name) not in left_out():
                waiting += [(need, more) for more in (*need.extras, "")]
    return {name for name, _ in seen}


@EACH_LIST
def test_each_line_of_a_list_says_why_and_under_which_licence(name: str) -> None:
    lacking = [str(asked) for asked, why in chosen(name) if not re.fullmatch(r".+ \(.+\)", why)]
    assert lacking == []


@EACH_LIST
def test_every_pin_has_its_hashes_and_only_wheels_are_installed(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    assert "\n--only-binary :all:\n" in text
    assert len(pinned(name)) == len(re.findall(r"^[a-z0-9]\S*==", text, re.MULTILINE)) > 1


@EACH_LIST
def test_no_file_names_where_packages_come_from(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    assert re.findall(r"https?:|file:|--(?:extra-)?index|--find-links| /\w+/", text) == []


def test_each_package_is_pinned_in_one_place() -> None:
    names = [package for name in LISTS for package in pinned(name)]
    assert sorted(set(names)) == sorted(names)


def test_what_is_installed_is_what_is_pinned() -> None:
    differing = {}
    for name in LISTS:
        for package, pin in pinned(name).items():
            if not here(pin, {""}):
                continue
            try:
                version = distribution(package).version
            except PackageNotFoundError:
                version = "not installed"
            if version not in pin.specifier:
                differing[str(pin)] = version
    assert differing == {}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_files_pin_what_the_lists_bring_and_nothing_else(count: int) -> None:
    """The first file alone, then each more: what a list brings beside the earlier ones."""
    names = LISTS[:count]
    roots = [asked for name in names for asked, _ in chosen(name)]
    pins = {package for name in names for package, pin in pinned(name).items() if here(pin, {""})}
    assert brought(roots) == pins


def test_what_is_left_out_is_pinned_nowhere_and_each_has_its_reason() -> None:
    named = re.findall("^# without.*", LIST.read_text(), re.MULTILINE)
    assert len(named) == len(left_out()) > 0
    assert left_out() & {package for name in LISTS for package in pinned(name)} == set()


def test_what_is_left_out_is_declared_by_what_is_pinned() -> None:
    pins = [pin for name in LISTS for pin in pinned(name).values() if here(pin, {""})]
    declared = {
        canonicalize_name(Requirement(need).name)
        for pin in pins
        for need in distribution(pin.name).requires or []
    }
    # What only those declare that are left out themselves is left out with them.
    assert left_out() - declared <= {"affine", "click-plugins", "cligj", "mdurl"}


def test_dask_and_what_it_brings_are_not_what_the_service_is_made_of() -> None:
    assert {"dask", "distributed", "tornado"}.isdisjoint(pinned("requirements"))
    assert {"dask", "distributed", "tornado"} <= set(pinned(LISTS[1]))

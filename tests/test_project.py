"""What people read before the code: it names what is there, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from catchments.core.settings import ROOT
from scripts.benchmark_all import BEGINS, ENDS, FIGURES

pytestmark = pytest.mark.every_case

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
IN_CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"\.?[\w-]+(/[\w.-]+)*(/|\.(py|html|md|toml|txt|sqlite))|(scripts|\.ci)/\w+")
MADE = {".venv/bin/", "instance/"}
"""Folders that setting up makes."""
RELEASE = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
DOCUMENTS = sorted(
    path
    for place in (ROOT, ROOT / "docs", ROOT / "docs" / "decisions")
    for path in place.glob("*.md")
)


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# One two\n[x](#one-two) [x](#three) [y](b.md) [z](https://x.example/y)\n")
    assert list(broken_links(document)) == [
        "#three: there is no such heading",
        "b.md: there is no such file",
    ]


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("CONTRIBUTING.md", [""]),
        ("SECURITY.md", [""]),
        ("README.md", [""]),
        ("docs/architecture.md", ["", "catchments"]),
    ],
)
def test_every_file_that_is_named_is_there(name: str, below: list[str]) -> None:
    spans = IN_CODE.findall(FENCED.sub("", (ROOT / name).read_text(encoding="utf-8")))
    words = {word for span in spans for word in span.split()}
    named = {word.removeprefix("./") for word in words if FILE.fullmatch(word.removeprefix("./"))}
    assert named
    there = {each for each in named for folder in below if (ROOT / folder / each).exists()}
    assert named - MADE - there == set()


def test_the_licence_is_mit_as_tools_know_it_and_the_data_are_said_to_have_their_own() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 ")
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])
    credited = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licences and credits")[2]
    )
    for said in ("MIT", "LICENSE", "Stats NZ", "LINZ", "Ministry of Education", "CC BY 4.0"):
        assert said in credited


def test_the_changelog_goes_back_in_versions_and_dates_with_the_usual_headings() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (first, _), *released = RELEASE.findall(text)
    assert first == "Unreleased"
    numbers = [tuple(map(int, version.split("."))) for version, _ in released]
    assert numbers == sorted(set(numbers), reverse=True)
    dates = [day for _, day in released]
    assert all(dates)
    assert dates == sorted(dates, reverse=True)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(released) + 1


def test_every_hook_of_a_commit_is_a_script_of_ours() -> None:
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in told["repos"] for hook in repository["hooks"]]
    assert [repository["repo"] for repository in told["repos"]] == ["local"]
    assert [hook["entry"] for hook in hooks] == ["scripts/lint"]


def test_every_decision_is_listed_once_with_its_number() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^(\d+)\. \[.+\]\((\d{4})-.+\.md\)$", (folder / "README.md").read_text(), re.M
    )
    files = sorted(path.name[:4] for path in folder.glob("[0-9]*.md"))
    assert [f"{int(number):04}" for number, _ in listed] == [file for _, file in listed] == files


def test_what_is_left_to_all_is_listed_with_its_reason() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| .+ \|$", text.partition("What `--all` adds")[2], re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    modules = ROOT.glob("tests/**/test_*.py")
    assert listed == {name for module in modules for name in left_to_all(module)}


def left_to_all(module: Path) -> Iterator[str]:
    """The tests of a module that are marked thorough, or the module where all of it is."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    marks = {"thorough"} | {
        ast.unparse(each.targets[0])
        for each in tree.body
        if isinstance(each, ast.Assign) and ".thorough" in ast.unparse(each.value)
    }
    if "pytestmark" in marks:
        yield module.relative_to(ROOT).as_posix()
    for each in tree.body:
        words = re.findall(r"\w+", " ".join(map(ast.unparse, getattr(each, "decorator_list", []))))
        if isinstance(each, ast.FunctionDef) and marks & set(words):
            yield each.name


def test_no_two_modules_of_tests_have_one_name() -> None:
    """Pytest would not collect the second, and only a run of all of them would say so."""
    names = Counter(
        path.name
        for path in (ROOT / "tests").rglob("test_*.py")
        if not (path.parent / "__init__.py").exists()  # in a package a name has its package's
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_readme_has_every_figure_that_bench_all_measures() -> None:
    _, _, rest = (ROOT / "README.md").read_text().partition(BEGINS)
    table, ends, _ = rest.partition(ENDS)
    assert ends
    lines = [line.split(" | ")[0].removeprefix("| ") for line in table.strip().splitlines()[2:]]
    assert lines == [figure.what for figure in FIGURES]

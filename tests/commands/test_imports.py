"""Files in, by the command line: shown first, written whole, and answered from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from catchments.store import State, Store
from catchments.store.integrity.audit import AuditTrail
from tests.commands.conftest import (
    LICENCE,
    LISTINGS,
    PROVIDERS,
    SCHOOLS,
    SQUARE_NAMES,
    Run,
    directory_csv,
    my_maps_kml,
    table,
)
from tests.worlds import TODAY, fill, running_application, small_edition

Write = Callable[[str, str | bytes], Path]
NOTHING = "Nothing was written."
RELEASE = "schooldirectory-2026-02-01.csv"
ESCAPES = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m \u202egnp [bold]not bold[/bold] \r\b"


def provider(app: Flask, query: str) -> Any:
    """Ask /provider of the database that the commands wrote to, in another application."""
    url = app.extensions["catchments"].settings.database_url
    with running_application(url) as web:
        return web.test_client().get(f"/provider?{query}").get_json()


# --- the school directory -------------------------------------------------------------------------


def test_without_commit_a_directory_is_shown_and_not_written(
    run: Run, write: Write, store: Store
) -> None:
    path = write(RELEASE, directory_csv())
    said = run("schools", "import", path).output
    assert "all 5 schools are new" in said
    assert f"{NOTHING} Add --commit to keep this release." in said
    assert store.state() == State(0, 0, 0)


def test_with_commit_a_directory_is_kept_with_its_source(
    run: Run, write: Write, store: Store
) -> None:
    path = write(RELEASE, directory_csv())
    assert (
        "Kept as directory release 1, dated 2026-02-01."
        in run("schools", "import", path, "--commit").output
    )
    release = store.release(1)
    assert sorted(release.schools) == [row[0] for row in SCHOOLS]
    assert (release.released, release.source.file_name) == (date(2026, 2, 1), RELEASE)
    assert len(release.source.sha256) == 64
    assert not release.demonstration


def test_the_same_file_twice_is_refused(run: Run, write: Write, store: Store) -> None:
    path = write(RELEASE, directory_csv())
    run("schools", "import", path, "--commit")
    again = write("renamed-2026-02-02.csv", directory_csv())
    for file in (path, again):
        said = run("schools", "import", file, "--commit", ok=False)
        assert "kept already, as directory release 1. There is nothing to do." in said.stderr
    assert store.state().releases == 1


def test_what_differs_from_the_release_before_is_shown(run: Run, write: Write) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    many = [(n, f"School {n}", "Open", -38.5, 174.5, "Town") for n in range(1000, 1020)]
    changed = (54, "Kura o Te Ahi", "Open", -38.5, 174.5, "Ahitown")
    path = write("schooldirectory-2026-03-01.csv", directory_csv([changed, *SCHOOLS[1:], *many]))
    said = run("schools", "import", path).output
    assert "Against release 1 of 2026-02-01" in " ".join(said.split())
    for what, count in (("added", 20), ("removed", 0), ("changed", 1)):
        assert _has_row(said, what, str(count)), said
    assert "School 1000" in said


def _has_row(said: str, *cells: str) -> bool:
    rows = ([c.strip() for c in line.strip("│┃ ").split("│")] for line in said.splitlines())
    return list(cells) in rows


def test_a_directory_that_shrinks_is_refused_unless_it_is_allowed_to(
    run: Run, write: Write, store: Store
) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    path = write("schooldirectory-2026-03-01.csv", directory_csv(SCHOOLS[1:]))
    said = run("schools", "import", path, "--commit", ok=False)
    assert "1 of the 5 schools of 2026-02-01 are missing" in said.stderr
    assert "  - 54, Kura o Ahi" in said.stderr
    assert store.state().releases == 1
    run("schools", "import", path, "--commit", "--allow-shrink")
    assert store.state().releases == 2
    assert set(store.release(2).former) == {54}


def test_problems_are_shown_as_a_table(run: Run, write: Write) -> None:
    schools = (*SCHOOLS, (99, "Kura Proposed (Proposed opening date: never)", "Open", "", "", ""))
    said = run("schools", "import", write(RELEASE, directory_csv(schools))).output
    assert "Problems" in said
    assert "Where" in said
    assert "row 7" in said or "line 7" in said


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (RELEASE, "<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        ("schools.csv", directory_csv(), "does not say of which day it is"),
        (RELEASE, directory_csv([*SCHOOLS, SCHOOLS[0]]), "54"),
        (RELEASE, directory_csv([("", "No Number", "Open", -38, 174, "")]), "No Number"),
        (RELEASE, directory_csv([(7, "Swapped", "Open", 174.5, -38.5, "")]), "Swapped"),
        (RELEASE, directory_csv([(7, "London", "Open", 51.5, 0.1, "")]), "London"),
        (RELEASE, "a,b\n1,2\n", "School_Id"),
        (RELEASE, "", "empty"),
        (RELEASE, b"PK\x03\x04" + b"\0" * 50, RELEASE),
    ],
)
def test_a_file_that_is_no_directory_is_refused_in_words(
    name: str, content: str | bytes, sentence: str, run: Run, write: Write, store: Store
) -> None:
    said = run("schools", "import", write(name, content), "--commit", ok=False)
    assert said.stderr.splitlines()[-1]
    assert "Refused: " in said.stderr
    assert sentence in said.stderr
    assert store.state() == State(0, 0, 0)


@pytest.mark.parametrize("words", [(), ("a.csv", "--from-data-govt-nz")])
def test_a_directory_comes_from_one_place(words: tuple[str, ...], run: Run) -> None:
    said = run("schools", "import", *words, ok=False)
    assert "Refused: Give either a file or --from-data-govt-nz." in said.stderr


@pytest.mark.parametrize("kind", ["schools", "catchments", "providers", "listings"])
def test_a_file_that_is_not_there_is_refused_in_words(
    kind: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder-2026-01-01.csv").mkdir()
    run_first = [] if kind != "listings" else [table_of_schools(tmp_path)]
    for path in run_first:
        run("schools", "import", path, "--commit")
    for name in ("none-2026-01-01.csv", "folder-2026-01-01.csv"):
        said = run(kind, "import", name, ok=False)
        assert "Refused: " in said.stderr
        assert name in said.stderr


def table_of_schools(folder: Path) -> Path:
    path = folder / RELEASE
    path.write_text(directory_csv())
    return path


# --- from files to answers ------------------------------------------------------------------------


@pytest.mark.usefixtures("real_draft")
def test_from_the_ministrys_files_to_an_answer(app: Flask, run: Run, store: Store) -> None:
    said = run("editions", "publish", 1, "--effective-from", "2026-03-03").output
    assert "Published as edition 1, in force from 2026-03-03." in said
    listed = provider(app, "school_id=54")
    assert (listed["basis"], listed["provider"]["name"]) == ("listed", "Ahi Trust")
    assert listed["provider"]["phone"] == "0800 000 000"
    assert listed["demonstration"] is False
    assert {s["licence"] for s in listed["sources"]} == {"CC BY 4.0"}
    by_name = provider(app, "school_id=55")
    assert (by_name["basis"], by_name["catchment"]["name"]) == ("listed", "Kōwhai")
    located = provider(app, "school_id=56")
    assert (located["basis"], located["provider"]["name"]) == ("located", "Ngā Rākau")
    chathams = provider(app, "lat=-44&lng=-176.5")
    assert chathams["provider"]["name"] == "Rēkohu Trust"
    assert provider(app, "school_id=498")["notices"][0]["code"] == "unserved"
    assert store.edition(1).catchments["AHI"].education_region == "Waikato"
    assert store.artefact(1, "boundaries.topojson")


def test_each_import_shows_what_it_would_change_and_writes_nothing_without_commit(
    run: Run, write: Write, store: Store
) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    said = run("catchments", "import", write("catchments.kml", my_maps_kml())).output
    assert "Catchments that are new: 3" in said
    for code in ("AHI", "KOWHAI", "REKOHU"):
        assert f"({code})" in said
    assert f"{NOTHING} Add --commit to add this to a new draft, based on nothing." in said
    assert store.drafts() == []


def test_points_among_the_areas_are_counted(run: Run, write: Write) -> None:
    said = run("catchments", "import", write("catchments.kml", my_maps_kml())).output
    assert _has_row(said, "catchments", "3")
    assert "point" in said.lower()


@pytest.mark.usefixtures("real_draft")
def test_imports_go_to_the_newest_open_draft_or_the_one_named(
    run: Run, write: Write, store: Store
) -> None:
    path = write("more.csv", PROVIDERS.replace("0001", "0002"))
    run("providers", "import", path, LICENCE, "--commit", "--new-draft", ok=False)
    assert [len(store.draft(d.id).changes) for d in store.drafts()] == [3]
    run("catchments", "import", write("again.kml", my_maps_kml()), "--commit", "--new-draft")
    run("providers", "import", path, LICENCE, "--commit")
    run("providers", "import", path, LICENCE, "--commit", "--draft", 1)
    assert [len(store.draft(d.id).changes) for d in store.drafts()] == [4, 2]


def test_a_draft_is_named_or_new_but_not_both(run: Run, write: Write) -> None:
    said = run(
        "providers", "import", write("p.csv", PROVIDERS), "--draft=1", "--new-draft", ok=False
    )
    assert "Give --draft or --new-draft, not both." in said.stderr


@pytest.mark.usefixtures("real_draft")
def test_a_published_draft_takes_no_more(run: Run, write: Write) -> None:
    run("editions", "publish", 1, "--effective-from", "2026-03-03")
    path = write("q.csv", PROVIDERS.replace("0001", "0002"))
    said = run("providers", "import", path, "--draft=1", ok=False)
    assert "Draft 1 has been published already, as edition 1." in said.stderr
    again = run("providers", "import", path, LICENCE, "--commit").output
    assert "Added to draft 2, based on edition 1." in again


@pytest.mark.parametrize("draft", [7, 0, 999_999_999])
def test_a_draft_that_does_not_exist_is_not_known(draft: int, run: Run, write: Write) -> None:
    said = run("providers", "import", write("p.csv", PROVIDERS), f"--draft={draft}", ok=False)
    assert f"There is no draft {draft}." in said.stderr


def test_a_first_import_is_not_based_on_the_demonstration(
    app: Flask, run: Run, write: Write, store: Store
) -> None:
    fill(store.url, small_edition())
    said = run("catchments", "import", write("c.kml", my_maps_kml()), LICENCE, "--commit").output
    assert "based on nothing" in said
    assert store.draft(1).base_number is None


def test_listings_need_a_directory_to_match(run: Run, write: Write) -> None:
    said = run("listings", "import", write("l.csv", LISTINGS), ok=False)
    assert "There is no school directory to match the list against." in said.stderr


@pytest.mark.usefixtures("real_draft")
def test_what_a_list_could_not_match_is_shown(run: Run, write: Write) -> None:
    said = run("listings", "import", write("again.csv", LISTINGS)).output
    assert "Problems" in said
    assert "Nobody's School" in said


def test_a_provider_of_an_unknown_catchment_is_refused(run: Run, write: Write) -> None:
    said = run("providers", "import", write("p.csv", PROVIDERS), "--commit", ok=False)
    assert "catchment “Ahi” is not known" in said.stderr


def test_providers_may_be_named_beside_the_catchments(run: Run, write: Write, store: Store) -> None:
    kml = my_maps_kml(provider=lambda name: f"{name} Trust")
    run("catchments", "import", write("with.kml", kml), LICENCE, "--commit")
    change = store.draft(1).changes[0]
    assert {p.name for p in change.providers.values()} == {  # type: ignore[union-attr]
        f"{name} Trust" for name in SQUARE_NAMES
    }


def test_nothing_is_published_without_a_licence(run: Run, write: Write) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    run("catchments", "import", write("catchments.kml", my_maps_kml()), "--commit")
    run("providers", "import", write("providers.csv", PROVIDERS), LICENCE, "--commit")
    said = run(
        "editions", "publish", 1, "--effective-from", "2026-03-03", "--unserved=498", ok=False
    )
    assert "The draft cannot be published: 1 thing stands in the way." in said.stderr
    assert "The source “catchments” lacks its authority, its licence or its checksum" in said.stderr


# --- overlaps -------------------------------------------------------------------------------------

OVERLAPPING = {**SQUARE_NAMES, "Ahi": (174.0, -39.0, 175.2, -38.0)}


def test_a_wide_overlap_is_refused(run: Run, write: Write, store: Store) -> None:
    path = write("overlap.kml", my_maps_kml(OVERLAPPING))
    said = run("catchments", "import", path, LICENCE, "--commit", ok=False)
    assert "Ahi and Kōwhai overlap by" in said.stderr
    assert "--accept-overlaps" in said.stderr
    assert store.drafts() == []


def test_in_an_accepted_overlap_an_answer_is_ambiguous(app: Flask, run: Run, write: Write) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    path = write("overlap.kml", my_maps_kml(OVERLAPPING))
    said = run("catchments", "import", path, LICENCE, "--commit", "--accept-overlaps").output
    assert "overlap" in said
    run("providers", "import", write("providers.csv", PROVIDERS), LICENCE, "--commit")
    run("editions", "publish", 1, "--effective-from", TODAY, "--unserved", 498)
    answer = provider(app, "lat=-38.6&lng=175.1")
    assert answer["status"] == "ambiguous"
    assert [c["catchment"]["name"] for c in answer["candidates"]] == ["Ahi", "Kōwhai"]
    assert [c["provider"]["name"] for c in answer["candidates"]] == ["Ahi Trust", "Ngā Rākau"]


# --- hostile text ---------------------------------------------------------------------------------


def test_hostile_text_in_files_is_printed_as_text(run: Run, write: Write, store: Store) -> None:
    schools = [*SCHOOLS, (99, f"School {ESCAPES}", "Open", -38.5, 174.5, ESCAPES)]
    listed = [("", f"Nobody {ESCAPES}", ESCAPES, "Ahi")]
    kml = my_maps_kml(provider=lambda _: "Trust {{7*191}} [red]no markup[/red] \u202e")
    later = write("schooldirectory-2026-03-01.csv", directory_csv(schools))
    outputs = [
        run("schools", "import", later),
        run("schools", "import", write(RELEASE, directory_csv()), "--commit"),
        run("schools", "import", later, "--commit"),
        run("catchments", "import", write("catchments.kml", kml), LICENCE, "--commit"),
        run(
            "listings",
            "import",
            write("l.csv", table(("School Number", "School Name", "Town", "Catchment"), listed)),
            LICENCE,
            "--commit",
        ),
        run("editions", "list"),
    ]
    last = write("schooldirectory-2026-03-02.csv", directory_csv(SCHOOLS[1:]))
    outputs.append(run("schools", "import", last, ok=False))
    for result in outputs:
        for bad in ("\x1b", "\x07", "\x9b", "\u202e", "\b"):
            assert bad not in result.output
    assert "[bold]not bold[/bold]" in outputs[2].output
    assert "[bold]not bold[/bold]" in outputs[-1].output


@pytest.mark.parametrize("bad", ["\x1b[31m", "\u202e", "\x9b1m", "\n", "\r"])
def test_a_hostile_file_name_is_printed_as_text(
    bad: str, run: Run, write: Write, store: Store
) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    path = write(f"c{bad}[bold].kml", my_maps_kml())
    results = [
        run("catchments", "import", path, LICENCE, "--commit"),
        run("providers", "import", write("providers.csv", PROVIDERS), LICENCE, "--commit"),
        run("editions", "list"),
        run("editions", "publish", 1, "--effective-from", TODAY, "--unserved", 498),
        run("editions", "list"),
        run("editions", "show", 1),
        run("editions", "compare", 1, 1),
        run("catchments", "import", write(f"x{bad}.kml", "no"), ok=False),
    ]
    for result in results:
        assert bad not in result.output.replace("\n", "" if bad != "\n" else "\n") or bad == "\n"
    assert "[bold]" in results[5].output
    heading = next(line for line in results[5].output.splitlines() if line.startswith("Edition 1"))
    assert heading.endswith("in force from 2026-03-03.")


# --- the audit trail ------------------------------------------------------------------------------


def test_what_is_written_stands_in_the_audit_trail_with_its_files(
    run: Run, write: Write, store: Store
) -> None:
    map_ = write("map.kml", my_maps_kml())
    run("catchments", "import", map_, LICENCE)
    assert AuditTrail(store).last() is None, "nothing was written"
    run("catchments", "import", map_, LICENCE, "--commit")
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")
    run("listings", "import", write("listings.csv", LISTINGS), LICENCE, "--commit")
    run("providers", "import", write("providers.csv", PROVIDERS), LICENCE, "--commit")
    entries = AuditTrail(store).entries(at_most=9)
    assert [(e.actor, e.action, e.subject) for e in reversed(entries)] == [
        ("command line", "import.catchments", "draft 1"),
        ("command line", "directory.keep", "directory release 1"),
        ("command line", "import.schools", "directory release 1"),
        ("command line", "import.listings", "draft 1"),
        ("command line", "import.providers", "draft 1"),
    ]
    (file,) = json.loads(entries[-1].detail)["files"]
    assert file == {
        "name": "map.kml",
        "sha256": hashlib.sha256(map_.read_bytes()).hexdigest(),
        "bytes": map_.stat().st_size,
    }

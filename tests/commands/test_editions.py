"""Editions by the command line: listed, shown, published, withdrawn; set up and served."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from catchments.commands import setup
from catchments.commands.jobs import publishing_setup
from catchments.store import Store
from tests import prepared
from tests.commands.conftest import LICENCE, PROVIDERS, SQUARE_NAMES, Run, my_maps_kml, table
from tests.waiting import free_port
from tests.worlds import (
    TODAY,
    fill,
    next_edition,
    publish_whole,
    running_application,
    simple_artefacts,
    small_edition,
    sqlite_url,
    store_of,
)

SOON = TODAY + timedelta(days=30)


@pytest.fixture
def two(store: Store) -> Store:
    """The small world in force, and an edition scheduled that moves Kōwhai."""
    fill(store.url, small_edition(), next_edition(SOON))
    return store


@pytest.mark.usefixtures("two")
def test_editions_drafts_and_releases_are_listed(run: Run) -> None:
    said = run("editions", "list").output
    assert "Squares (demonstration)" in said
    assert "in force" in said
    assert "scheduled" in said
    assert "2026-04-02" in said
    assert "School directory releases" in said
    assert "13" in said


@pytest.mark.usefixtures("store")
def test_an_empty_database_lists_nothing(run: Run) -> None:
    assert "Editions" in run("editions", "list").output


@pytest.mark.usefixtures("two")
def test_an_edition_is_shown_with_its_counts_and_sources(run: Run) -> None:
    said = run("editions", "show", 1).output
    assert "Edition 1: Squares, in force from 2026-01-05." in said
    assert "This is demonstration data." in said
    assert "Squares (boundaries)" in said
    assert "CC0" in said
    assert "listed schools" in said


@pytest.mark.usefixtures("two")
def test_two_editions_are_compared_by_what_they_say_and_whom_it_moves(run: Run) -> None:
    said = run("editions", "compare", 1, 2).output
    assert "Catchments with another provider" in said
    assert "KOW-2" in said
    assert "3 schools get another provider." in said
    assert "Ngā Rākau" in said
    assert "It changes nothing." in run("editions", "compare", 1, 1).output


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("number", ["3", "0", "999999999"])
@pytest.mark.parametrize("words", [("show",), ("compare", "1"), ("withdraw",)])
def test_an_edition_that_does_not_exist_is_not_known(
    words: tuple[str, ...], number: str, run: Run
) -> None:
    said = run("editions", *words, number, ok=False)
    assert f"There is no edition {number}. See `flask editions list`" in said.stderr


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "number", ["-1", "1000000000", "10000000000000000000000", "one", "", "1.5"]
)
def test_what_can_be_no_number_is_refused(number: str, run: Run) -> None:
    for words in (
        ("show",),
        ("compare", "1"),
        ("withdraw",),
        ("publish", "--effective-from=2027-01-01"),
    ):
        said = run("editions", *words, "--", number, ok=False)
        assert "Invalid value for" in said.stderr


def test_a_scheduled_edition_is_withdrawn_once(run: Run, two: Store) -> None:
    assert "Edition 2 is withdrawn." in run("editions", "withdraw", 2).output
    assert "withdrawn" in run("editions", "list").output
    assert "withdrawn already" in run("editions", "withdraw", 2, ok=False).stderr
    said = run("editions", "withdraw", 1, ok=False)
    assert "has been in force since 5 January 2026, and answers were given from it" in said.stderr
    assert [e.withdrawn_at is None for e in two.editions()] == [True, False]


@pytest.mark.usefixtures("real_draft")
def test_each_refusal_is_a_line_of_its_own(run: Run, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "fewer.csv"
    path.write_text(table(("Provider", "Phone"), [("Ahi Trust", "")]))
    run("providers", "import", path, "--licence=CC0", "--commit", "--whole", "--allow-shrink")
    said = run("editions", "publish", 1, "--effective-from", "2026-03-03", ok=False)
    assert "Refused: The draft cannot be published: 2 things stand in the way." in said.stderr
    assert "  - The catchment Kōwhai (KOWHAI) has no provider." in said.stderr
    assert "  - The catchment Rēkohu (REKOHU) has no provider." in said.stderr
    assert store.editions() == []


@pytest.mark.usefixtures("real_draft")
def test_a_date_in_the_past_needs_a_reason(run: Run, store: Store) -> None:
    said = run("editions", "publish", 1, "--effective-from", "2026-01-05", ok=False)
    assert "5 January 2026 lies before today, 3 March 2026." in said.stderr
    run("editions", "publish", 1, "--effective-from", "2026-01-05", "--reason", "As it was")
    assert store.edition(1).reason == "As it was"


@pytest.mark.usefixtures("real_draft")
@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "03/03/2026", ""])
def test_a_date_that_is_none_is_refused(day: str, run: Run) -> None:
    run("editions", "publish", 1, "--effective-from", day, ok=False)


@pytest.mark.usefixtures("real_draft")
def test_a_stale_draft_is_reapplied_on_request(run: Run, store: Store, tmp_path: Path) -> None:
    run("editions", "publish", 1, "--effective-from", "2026-03-03")
    path = tmp_path / "providers.csv"
    for change in ("0800 111 111", "0800 222 222"):
        path.write_text(PROVIDERS.replace("0800 000 000", change))
        run("providers", "import", path, "--licence=CC0", "--commit", "--new-draft")
    run("editions", "publish", 2, "--effective-from", "2026-03-03")
    said = run("editions", "publish", 3, "--effective-from", "2026-03-04", ok=False)
    assert "Draft 3 was made from edition 1, but edition 2 is in force" in said.stderr
    run("editions", "publish", 3, "--effective-from", "2026-03-04", "--reapply")
    assert store.edition(3).providers["P-AHI-TRUST"].phone == "0800 222 222"


@pytest.mark.usefixtures("real_draft")
def test_a_scheduled_edition_is_published_anew(run: Run, store: Store, tmp_path: Path) -> None:
    run("editions", "publish", 1, "--effective-from", "2026-03-03")
    path = tmp_path / "providers.csv"
    path.write_text(PROVIDERS)
    for _ in range(2):
        run("providers", "import", path, "--licence=CC0", "--commit", "--new-draft")
    run("editions", "publish", 2, "--effective-from", "2026-07-01")
    said = run("editions", "publish", 3, "--effective-from", "2026-05-01").output
    assert "Published as edition 3, in force from 2026-05-01." in said
    assert "Published anew on top of it: edition 4." in said


@pytest.mark.usefixtures("real_draft")
def test_a_coast_that_would_be_in_no_catchment_is_refused_or_left_with_a_reason(
    run: Run, store: Store, write: Callable[[str, str], Path]
) -> None:
    first = run("editions", "publish", 1, "--effective-from", "2026-03-03").output
    assert "Ground in no catchment: " in first  # three squares are not the country
    inland = write("inland.kml", my_maps_kml({**SQUARE_NAMES, "Ahi": (174.8, -39.0, 175.0, -38.0)}))
    run("catchments", "import", inland, LICENCE, "--commit")
    when = ("editions", "publish", 2, "--effective-from", "2026-03-04")
    said = run(*when, ok=False).stderr
    assert "  - Ground of Ahi (AHI) would be in no catchment: " in said
    assert "Addresses are not counted: no address file is kept." in said
    assert "--accept-uncovered REASON" in said
    left = run(*when, "--accept-uncovered", "The coast is a park now.").output
    assert "Accepted: The coast is a park now." in left
    assert "Published as edition 2" in left
    shown = run("editions", "show", 2).output
    assert "Left in no catchment on purpose: Ahi (AHI), " in shown
    assert "Because: The coast is a park now." in shown


# --- set up ---------------------------------------------------------------------------------------


@pytest.fixture
def demonstration(demonstration_copy: Path) -> Iterator[Flask]:
    with running_application(demonstration_copy, commands=True) as app:
        yield app


def test_a_second_set_up_rebuilds_nothing(
    demonstration: Flask, demonstration_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catchments.readers.demonstration.read_demonstration", None)
    monkeypatch.setattr(publishing_setup, "artefacts", None)
    with demonstration.app_context():
        begun = demonstration.test_cli_runner().invoke(args=["setup"])
    assert "from here on" in begun.output  # the trail's key, which the copy has not yet
    before = demonstration_copy.read_bytes()
    with demonstration.app_context():
        result = demonstration.test_cli_runner().invoke(args=["setup"])
    assert (result.exit_code, result.output) == (0, "")
    assert demonstration_copy.read_bytes() == before


def test_set_up_leaves_real_data_alone(run: Run, store: Store) -> None:
    fill(store.url, small_edition(demonstration=False))
    state = store.state()
    assert "demonstration" not in run("setup").output
    assert store.state() == state


def test_set_up_makes_what_an_older_version_made_otherwise(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store.url, small_edition())
    store.add_artefacts(1, [], maker="0")
    monkeypatch.setattr(publishing_setup, "artefacts", lambda *_: simple_artefacts())
    assert "Drawing the map of edition 1 anew." in run("setup").output
    assert store.artefact(1, "map.js")
    assert run("setup").output == ""


# --- serve ----------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_taken_port_gives_one_clear_line(run: Run, taken: int, store: Store) -> None:
    result = run("serve", "--port", taken, ok=False)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"Refused: Port {taken} on 127.0.0.1 cannot be used: Address already in use. "
        "Stop what uses it, or choose another with --port.\n"
    )
    assert store.editions() == []


@pytest.mark.parametrize(
    ("environment", "words", "said"),
    [
        ({}, ("serve",), "Address already in use"),
        pytest.param(
            {"DATABASE_URL": "mysql://a:hunter2@x/y"},
            ("serve",),
            "is not a database address",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            {"DATABASE_URL": "sqlite:////dev/null/x"},
            ("setup",),
            "cannot be used",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            {"CATCHMENTS_REFRESH_S": "soon"},
            ("serve",),
            "CATCHMENTS_REFRESH_S is “soon”",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_what_cannot_work_gives_one_line_and_exit_code_1(
    environment: dict[str, str], words: tuple[str, ...], said: str, taken: int, tmp_path: Path
) -> None:
    port = ("--port", str(taken)) if words == ("serve",) else ()
    settings = {"DATABASE_URL": sqlite_url(tmp_path / "x.sqlite"), **environment}
    ended = prepared.begin("flask", *words, *port, settings=settings)
    assert ended.wait() == 1
    assert ended.stdout == ""
    assert said in ended.stderr
    assert "hunter2" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("host", ["not.a.host.invalid", "999.1.1.1", "x" * 300])
def test_a_host_that_is_none_gives_one_clear_line(host: str, run: Run) -> None:
    said = run("serve", "--host", host, "--port", 8999, ok=False)
    assert said.stderr.startswith("Refused: Port 8999 on ")
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http", ""])
def test_a_port_that_is_none_is_refused(port: str, run: Run) -> None:
    run("serve", "--port", port, ok=False)


def test_serve_sets_up_and_hands_over_to_the_server(
    app: Flask, demonstration_copy: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda *given: started.append(given))
    monkeypatch.setattr(os, "chdir", lambda _: None)
    monkeypatch.setattr(setup.os, "environ", dict(os.environ))
    said = run("serve", "--port", free_port(), "--database", demonstration_copy, "--workers", 3)
    assert "The finder is at http://localhost:" in said.output
    assert re.search(r"Foreign files: .+ fences files, .+ the network\.", said.output)
    (program, command) = started[0]
    assert program == sys.executable
    assert "--workers=3" in command
    assert setup.os.environ["DATABASE_URL"] == sqlite_url(demonstration_copy)
    assert store_of(app).url != sqlite_url(demonstration_copy)


def test_a_copied_database_needs_nothing_else(two: Store, tmp_path: Path) -> None:
    publish_whole(two, small_edition())
    two.close()
    copy = shutil.copy(tmp_path / "commands.sqlite", tmp_path / "copy.sqlite")
    with running_application(Path(copy)) as app:
        assert app.test_client().get("/provider?school_id=54").status_code == 200

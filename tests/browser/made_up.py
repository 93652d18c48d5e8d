"""The world that the browser sees: made-up squares for catchments, schools, addresses, a draft."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import shapely

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.core.model import (
    EDUCATION_REGIONS,
    Catchment,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.core.roles import Role
from catchments.core.settings import ROOT, sqlite_url
from catchments.geometry.coordinates import geometry_to_180
from catchments.store import Store
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from tests.address_files import Given, csv_text
from tests.kept import WHAT_PUBLISHES, kept
from tests.staff import add_person
from tests.worlds import opened, publish_whole, real_artefacts, small_release

HOSTILE = "{{7*191}}</script><img src=x onerror=alert(1)>`${alert(2)}`<b>Provider</b>"
DATABASE, ADDRESS_BOOK = "made-up.sqlite", "addresses.sqlite"
"""The files of the world's folder."""
EDITOR = "hana"
"""Who is at work on draft 1."""
_MADE_BY = ("browser/made_up.py", "address_files.py", "staff.py", "worlds.py")


def made_up_edition() -> Edition:
    """Six squares in two regions on the mainland, and one across 180°."""
    squares: dict[str, tuple[float, float, float, float]] = {
        f"AA-0{n}": (172 + n % 3, -41 - n // 3, 173 + n % 3, -40 - n // 3) for n in range(6)
    }
    squares["AA-06"] = (179.5, -44.5, 184.0, -43.5)
    regions = [EDUCATION_REGIONS[0]] * 3 + [EDUCATION_REGIONS[11]] * 4
    names = ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Mātai", "Kauri", "Rēkohu"]
    source = Source(SourceKind.BOUNDARIES, "Squares", "Nobody", "CC0", "2026", "0", "", "", True)
    return Edition(
        catchments={
            code: Catchment(code, name, region, f"P-{code}")
            for code, name, region in zip(squares, names, regions, strict=True)
        },
        boundaries={c: geometry_to_180(shapely.box(*square)) for c, square in squares.items()},
        providers={
            f"P-{code}": Provider(
                f"P-{code}",
                HOSTILE if code == "AA-04" else f"Provider of {name}",
                "0800 000 000",
                "someone@provider.example",
                "javascript:alert(3)" if code == "AA-04" else "https://provider.example/",
            )
            for code, name in zip(squares, names, strict=True)
        },
        listings={54: "AA-02", 55: "AA-04", 56: "AA-06", 498: "AA-00"},
        sources=(source,),
        number=1,
        title="Squares",
        effective_from=date(2026, 1, 5),
    )


def made_up_schools() -> list[School]:
    return [
        School(54, "Kura o te Rimu", place=Place(174.5, -40.5)),
        School(55, HOSTILE, place=Place(173.5, -41.5)),
        School(56, "Rēkohu School", SchoolStatus.PROPOSED, Place(-177.0, -44.0)),
        School(498, "Te Aho o Te Kura Pounamu"),
    ]


def made_up_addresses() -> list[Given]:
    """Two roads of one name, and one along the boundary between Ahi and Kōwhai."""
    more: dict[str, Any] = {"suburb": "", "district": "Squares District", "lat": -40.5}
    return [
        Given("1", "High Street", town="Ahitown", lng=172.5, **more),
        Given("1", "High Street", town="Othertown", lng=174.5, **more),
        Given("12", "Edge Road", town="Ahitown", lng=172.9995, **more),
    ]


def made_up_world() -> Path:
    """A folder with the world's databases, kept from run to run. Serve a copy of it."""

    def make(folder: Path) -> None:
        folder.mkdir()
        edition = made_up_edition()
        schools = {school.school_id: school for school in made_up_schools()}
        with opened(folder / DATABASE) as store:
            store.add_release(small_release(schools=schools))
            publish_whole(store, edition, artefacts=real_artefacts(edition))
            _begin_a_draft(store)
        _import_addresses(folder)

    return kept("made-up", (*WHAT_PUBLISHES, *(f"tests/{each}" for each in _MADE_BY)), make)


def _begin_a_draft(store: Store) -> None:
    """Draft 1, which redraws and moves a school."""
    editor, desk = add_person(store, EDITOR, Role.EDITOR), DraftRepository(store)
    desk.begin(title="A draft", reason="A reason", base_number=1, by=editor)
    area = shapely.box(172.8, -40.8, 173.2, -40.4)
    for change in (TransferArea(area, "AA-01", ("AA-00",)), MoveSchools((54,), "AA-01")):
        desk.add(1, change, "Changed.", seen=ExpectedVersion(editor, desk.draft(1).version))


def _import_addresses(folder: Path) -> None:
    file = folder / "addresses.csv"
    file.write_text(csv_text(made_up_addresses()), encoding="utf-8")
    command = [sys.executable, "-m", "flask", "addresses", "import", str(file), "--commit"]
    settings = {
        "CATCHMENTS_ADDRESSES": str(folder / ADDRESS_BOOK),
        "DATABASE_URL": sqlite_url(folder / DATABASE),
    }
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, check=True, capture_output=True
    )

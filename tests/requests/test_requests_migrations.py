"""Databases of requests of earlier versions: brought up to date with all that they hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command

from catchments.requests.store.database import RequestsDatabase
from catchments.requests.store.looks import Looks
from catchments.requests.store.notes import Notes
from catchments.store.engine import migrating
from tests.requests.desk import FILE, NORTH, desk_at


def test_the_trail_of_before_is_told_whoever_has_its_cases_now(tmp_path: Path) -> None:
    desk = desk_at(tmp_path)
    reference = desk.send("ana")
    desk.cases.head(desk.people["wiki"], desk.viewer("wiki"), reference)
    for login, once in (("wiki", "a"), ("ana", "b")):
        notes = Notes(desk.database)
        notes.add(desk.people[login], reference, "Internal.", once=once, shared=False)
    looks = Looks(desk.database)
    asked = (desk.people["authn"], desk.organisations[NORTH].id)
    before = looks.of(*asked)
    assert [each.action for each in before] == ["case.comment", "case.look", "case.submitted"]
    with desk.database.writing() as connection:
        config = migrating(RequestsDatabase.migrations)
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    desk.database.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert not tables & {"trail_of", "draft_file"}
    desk.database.migrate()
    assert looks.of(*asked) == before
    desk.database.close()

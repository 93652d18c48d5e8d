"""Settings are all documented; and the names of a database's file and folders may hold anything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from hypothesis import example, given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.settings import ROOT, Settings, database_url, sqlite_url
from catchments.requests import settings as requests
from catchments.store.engine import MIGRATIONS, NEWEST_REVISION, migrating, shown_url
from tests.worlds import opened

ODD = ("a path – Kōwhai", "100%", "50%41", "is it?mode=ro", "#1:x@y")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0\n"), min_size=1, max_size=20)


@given(st.lists(NAMES, min_size=1, max_size=3))
@example(["50%41"])
@example(["is it?mode=ro"])
@example(["a path – Kōwhai", "#1 & 100%", "x:y@z"])
def test_the_url_of_a_file_means_that_very_file(names: list[str]) -> None:
    path = Path("/", *names)
    assert sa.make_url(sqlite_url(path)).database == str(path)


@pytest.mark.parametrize("folder", ODD)
def test_a_database_is_made_and_read_in_a_folder_of_any_name(folder: str, tmp_path: Path) -> None:
    file = tmp_path / folder / "x.sqlite"
    file.parent.mkdir()
    with opened(database_url(str(file))) as store:
        assert store.editions() == []
    assert list(tmp_path.rglob("*.sqlite")) == [file]


@pytest.mark.parametrize("folder", ODD)
def test_migrations_are_found_in_a_checkout_of_any_name(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    place = shutil.copytree(MIGRATIONS, tmp_path / folder / "migrations")
    assert ScriptDirectory.from_config(migrating(place)).get_current_head() == NEWEST_REVISION


def test_a_file_is_shown_in_messages_as_it_is_written() -> None:
    url = sqlite_url(Path("/tmp/Ngā Rākau/x.sqlite"))
    assert shown_url(sa.make_url(url)) == "sqlite:////tmp/Ngā Rākau/x.sqlite"


def test_what_may_be_set_is_what_the_operators_guide_says() -> None:
    modules = (ROOT / "catchments" / "core").glob("*.py")
    read = re.findall(r"\"(CATCHMENTS_[A-Z_]+)\"", "".join(m.read_text() for m in modules))
    apart = Path(requests.__file__).read_text()
    of_requests = {*requests.OWN, *requests.OF_MAIL, *re.findall(r"\{OURS\}([A-Z_]+)", apart)}
    told = re.findall(r"^\|.*", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE)
    assert set(re.findall(r"`(CATCHMENTS_[A-Z_]+)`", "\n".join(told))) == {
        *read,
        *(f"{requests.OURS}{name}" for name in of_requests),
    }


@pytest.mark.parametrize(
    ("more", "folder"),
    [
        ({}, None),
        ({"CATCHMENTS_KEYS": "/srv/keys"}, Path("/srv/keys")),
        ({"CATCHMENTS_ADDRESSES": "/var/lib/catchments/addresses.sqlite"}, None),
        (
            {
                "DATABASE_URL": "postgresql://db/catchments",
                "CATCHMENTS_ADDRESSES": "/var/lib/catchments/addresses.sqlite",
            },
            Path("/var/lib/catchments/keys"),
        ),
    ],
)
def test_files_of_keys_are_where_the_service_may_write(
    more: dict[str, str], folder: Path | None
) -> None:
    assert Settings.from_environment(more).keys_folder == folder


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CATCHMENTS_DATA_KEY": "k" * 31}, "31 characters"),
        ({"CATCHMENTS_DATA_KEY": f"{'k' * 32} {'k' * 32}"}, "one key twice"),
        ({"CATCHMENTS_SECRET_KEY": f"{'k' * 40},short"}, "5 characters"),
        (
            {"CATCHMENTS_SECRET_KEY": "k" * 40, "CATCHMENTS_DATA_KEY": f"{'n' * 40} {'k' * 40}"},
            "the same key",
        ),
    ],
)
def test_keys_that_are_none_are_refused_and_not_shown(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputRefused, match=said) as refused:
        Settings.from_environment(given)
    assert "kkkk" not in str(refused.value)


def test_reports_of_mistakes_are_kept_for_some_days_and_not_for_ever() -> None:
    name = "CATCHMENTS_REPORTS_KEPT_DAYS"
    assert Settings.from_environment({}).reports_kept_days == 180
    assert Settings.from_environment({name: "30"}).reports_kept_days == 30
    for text in ("0", "3661", "-1", "for ever"):
        with pytest.raises(InputRefused, match=f"{name} is") as refused:
            Settings.from_environment({name: text})
        assert refused.value.field == name

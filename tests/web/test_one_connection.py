"""A page asks all that it asks over one connection to the database."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from tests.staff import signed_in
from tests.worlds import running_application, store_of


def test_a_page_opens_the_database_once(drafted: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(drafted, tmp_path / "pages.sqlite"))
    with running_application(path) as app:
        hana, opened = signed_in(app, "hana"), list[object]()
        sa.event.listen(store_of(app)._engine, "connect", lambda each, _: opened.append(each))
        for number, page in enumerate(("/staff", "/staff/drafts/1", "/staff/drafts"), start=1):
            assert hana.get(page).status_code == 200
            assert len(opened) == number

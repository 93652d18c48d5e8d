"""Files made to read a file of this machine, given to the command line: none brings it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from tests.commands.conftest import Run
from tests.hostile_files import LEAKED, WORD, canary_in, of_areas
from tests.hostile_parquet import bombs, encrypted, readers_of_files

READ = {("catchments", "a VRT in an instruction")}
"""Plain maps: what the instruction says is left out of what GDAL sees."""
NEW = {"catchments": ["--new-draft"], "addresses": []}


@pytest.mark.parametrize("command", ["catchments", "addresses"])
def test_nothing_of_another_file_is_said_or_kept(
    run: Run, store: Store, tmp_path: Path, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = of_areas(canary_in(tmp_path), tmp_path / "made")
    for way in LEAKED:
        name, content = files[way]
        path = tmp_path / name
        path.write_bytes(content)
        is_read = (command, way) in READ
        came = run(command, "import", path, "--commit", *NEW[command], ok=is_read)
        assert WORD not in came.output + came.stderr, way
    assert WORD not in caplog.text
    assert WORD not in repr(AuditTrail(store).entries(at_most=100))
    assert [p for p in tmp_path.glob("*.sqlite*") if WORD.encode() in p.read_bytes()] == []


@pytest.mark.parametrize("command", ["catchments", "providers"])
def test_no_parquet_says_what_another_file_holds_or_ends_the_command(
    run: Run, store: Store, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "made.parquet"
    made = [*readers_of_files(str(canary_in(tmp_path))), *bombs(), *encrypted()]
    for way, make, _ in made[:: len(made) // 6]:
        path.write_bytes(make())
        came = run(command, "import", path, "--commit", "--new-draft", ok=False)
        assert WORD not in came.output + came.stderr, way
        assert "made.parquet" in came.output + came.stderr, way
    assert WORD not in repr(AuditTrail(store).entries(at_most=100))

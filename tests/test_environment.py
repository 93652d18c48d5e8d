"""Setting up, with stubs for what makes and fills .venv: no network, nothing that is installed."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from catchments.core.settings import ROOT
from scripts import set_up

SERVICE = "requirements.txt"
CLUSTER = "catchments/bulk/cluster-requirements.txt"
TESTS = "tests/requirements.txt"
TOOLS = ("bash", "cat", "cksum", "dirname", "find", "touch", "tr")
DEBIAN = """\
The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv package"""

VENV = """\
import os, sys
from pathlib import Path
if os.environ.get("VENV_SAYS"):
    sys.exit(os.environ["VENV_SAYS"])
venv = Path(sys.argv[-1])
for folder in ("bin", "lib"):
    (venv / folder).mkdir()
(venv / "bin" / "python").symlink_to(sys.executable)
version = os.environ.get("VENV_VERSION") or "%d.%d.0" % sys.version_info[:2]
(venv / "pyvenv.cfg").write_text(f"version = {version}\\ncommand = python3 -m venv {venv}\\n")
"""
PIP = """\
import os, sys
from pathlib import Path
if sys.argv[1:] == ["--version"]:
    print("pip 1.0 from here")
    sys.exit()
with open(os.environ["ASKED"], "a") as asked:
    print(*sys.argv[1:], file=asked)
print(os.environ.get("PIP_SAYS", ""), flush=True)
if os.environ.get("PIP_WAITS") and sys.argv[-1].endswith("requirements.txt"):
    Path(os.environ["PIP_WAITS"] + "-reached").write_text("here")
    Path(os.environ["PIP_WAITS"]).read_text()
sys.exit(int(os.environ.get("PIP_STATUS", "0")))
"""
COMPILEALL = """\
import os, sys
with open(os.environ["ASKED"] + "-to-compile", "a") as asked:
    print(*sys.argv[1:], file=asked)
"""
UV = """\
#!/usr/bin/env bash
echo "uv $*" >> "$ASKED"
echo "$UV_SAYS"
exit "${UV_STATUS:-0}"
"""


@dataclass
class Clone:
    """A clone with the scripts as they are and a few pins, and the programs that it finds."""

    folder: Path
    bin: Path
    stubs: Path
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def asked(self) -> list[str]:
        """What pip and uv were asked to install, in order."""
        asked = self.stubs / "asked"
        return asked.read_text().splitlines() if asked.exists() else []

    @property
    def compiled(self) -> list[str]:
        """What Python was asked to compile, in order."""
        asked = self.stubs / "asked-to-compile"
        return asked.read_text().splitlines() if asked.exists() else []

    def begin(self, requirements: str = SERVICE, **more: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": str(self.bin),
            "PYTHONPATH": str(self.stubs),
            "ASKED": str(self.stubs / "asked"),
            "LC_ALL": "C.UTF-8",
            **more,
        }
        child = subprocess.Popen(
            [self.folder / "scripts" / "environment", requirements],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.begun.append(child)
        return child

    def end(self) -> None:
        """End what a test that failed has left running."""
        for child in self.begun:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.communicate()

    def set_up(self, requirements: str = SERVICE, **more: str) -> tuple[int, str]:
        child = self.begin(requirements, **more)
        said, _ = child.communicate(timeout=120)
        return child.returncode, said


class Gate:
    """Where the stub of pip waits: two pipes, so that neither side asks again and again."""

    def __init__(self, clone: Clone) -> None:
        self.path = clone.stubs / "gate"
        os.mkfifo(self.path)
        reached = clone.stubs / "gate-reached"
        os.mkfifo(reached)
        self._reached = os.open(reached, os.O_RDWR)  # so that it does not wait for the other side

    def wait(self, child: subprocess.Popen[str]) -> None:
        """Until pip is there."""
        ready, _, _ = select.select([self._reached], [], [], 120)
        assert ready, f"set-up did not come to pip in two minutes; it ended with {child.poll()}"

    def close(self) -> None:
        os.close(self._reached)

    def open(self) -> None:
        self.path.write_text("go on")


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """In a path with a space and a macron."""
    made = Clone(tmp_path / "Ngā kura" / "clone", tmp_path / "bin", tmp_path / "stubs")
    for name in ("environment", "set_up.py"):
        put(made.folder / "scripts" / name, (ROOT / "scripts" / name).read_text())
    for name in ("app.py", "catchments/__init__.py", "maps/__init__.py"):
        put(made.folder / name, "")
    put(made.folder / SERVICE, "flask==1 \\\n    --hash=sha256:f\npip==2 \\\n    --hash=sha256:p\n")
    put(made.folder / CLUSTER, "-r ../../requirements.txt\ndask==1 \\\n    --hash=sha256:d\n")
    put(made.folder / TESTS, f"-r ../{SERVICE}\n-r ../{CLUSTER}\npytest==1\n")
    made.bin.mkdir()
    for name in TOOLS:
        (made.bin / name).symlink_to(shutil.which(name) or name)
    (made.bin / "python3").symlink_to(sys.executable)
    for name, text in (("venv", VENV), ("pip", PIP), ("compileall", COMPILEALL)):
        put(made.stubs / name / "__init__.py", "")  # or those of Python itself come first
        put(made.stubs / name / "__main__.py", text)
    yield made
    made.end()


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """By what is begun here: where the tests run in the background, it would not be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def gate(clone: Clone) -> Iterator[Gate]:
    made = Gate(clone)
    yield made
    made.close()


# --- once -----------------------------------------------------------------------------------------


def test_all_is_installed_by_hash_and_from_wheels_with_the_pinned_pip(clone: Clone) -> None:
    status, said = clone.set_up()
    assert (status, "requirements.txt pins: 2 packages" in said) == (0, True)
    pip, everything = clone.asked
    pinned_only = "--no-deps --require-hashes --only-binary :all:"
    assert all(pinned_only in line for line in (pip, everything))
    assert str(clone.folder) not in pip
    assert everything.endswith(f"--requirement {clone.folder / SERVICE}")


def test_a_second_start_installs_nothing_and_says_nothing(clone: Clone) -> None:
    clone.set_up()
    before = clone.asked
    assert clone.set_up() == (0, "")
    assert clone.asked == before


def test_what_is_ours_is_compiled_with_the_rest_and_again_once_it_has_changed(clone: Clone) -> None:
    # The service's user may not write there: each worker and each job would compile all anew.
    clone.set_up()
    (first,) = clone.compiled
    ours = " ".join(f"{clone.folder}/{name}" for name in ("app.py", "catchments", "maps"))
    assert first.endswith(f"{clone.venv}/lib {ours}")
    clone.set_up()
    assert len(clone.compiled) == 1
    stamp = next(clone.venv.glob("installed-*"))
    later = stamp.stat().st_mtime + 1  # as a pull would leave it
    os.utime(clone.folder / "maps" / "__init__.py", (later, later))
    assert clone.set_up() == (0, "")
    assert clone.compiled[1:] == ["-q -j 0 app.py catchments maps"]


@pytest.mark.thorough
def test_what_the_tests_need_includes_the_service_so_that_changing_over_installs_nothing(
    clone: Clone,
) -> None:
    clone.set_up(SERVICE)
    clone.set_up(TESTS)
    before = clone.asked
    for requirements in (SERVICE, CLUSTER, TESTS, SERVICE):
        assert clone.set_up(requirements) == (0, "")
    assert clone.asked == before


@pytest.mark.thorough
def test_other_pins_are_installed_and_going_back_to_the_first_installs_those(clone: Clone) -> None:
    first = (clone.folder / SERVICE).read_text()
    for text in (first, first.replace("flask==1", "flask==2"), first):
        put(clone.folder / SERVICE, text)
        assert clone.set_up()[0] == 0
    assert len([line for line in clone.asked if str(clone.folder) in line]) == 3
    assert len(list(clone.venv.glob("installed-*"))) == 1


def test_uv_installs_where_it_is_there_already(clone: Clone) -> None:
    put(clone.bin / "uv", UV)
    assert clone.set_up(UV_SAYS="Prepared 2 packages")[0] == 0
    (asked,) = clone.asked
    assert asked.startswith(f"uv pip install --python {clone.venv}/bin/python")
    assert "--no-deps --require-hashes --only-binary :all:" in asked


def test_where_uv_cannot_pip_does_it(clone: Clone) -> None:
    put(clone.bin / "uv", UV)
    status, said = clone.set_up(UV_SAYS="error: unexpected argument", UV_STATUS="2")
    assert (status, "error: unexpected argument – now with pip" in said) == (0, True)
    assert len(clone.asked) == 3


# --- cut off, moved, two at once ------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda venv: (venv / "unfinished").touch(), "an earlier set-up was cut off"),
        (lambda venv: (venv / "pyvenv.cfg").unlink(), "it is no virtual environment"),
        (
            lambda venv: (venv / "bin" / "python").unlink(),
            "the Python that it was made with is gone",
        ),
    ],
)
def test_an_environment_that_is_broken_is_made_anew(
    clone: Clone, broken: Callable[[Path], None], why: str
) -> None:
    clone.set_up()
    stale = clone.venv / "lib" / "half"
    stale.touch()
    broken(clone.venv)
    put(clone.folder / SERVICE, "flask==2\n")
    assert f"made anew: {why}" in clone.set_up()[1]
    assert not stale.exists()
    assert clone.set_up() == (0, "")


@pytest.mark.thorough
def test_a_clone_that_was_moved_has_its_environment_made_anew(clone: Clone) -> None:
    clone.set_up()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    status, said = clone.set_up()
    assert (status, "made anew: it was made in another folder" in said) == (0, True)
    assert clone.set_up() == (0, "")


@pytest.mark.thorough
def test_another_version_of_python_has_the_environment_made_anew(clone: Clone) -> None:
    clone.set_up(VENV_VERSION="3.1.9")
    put(clone.folder / SERVICE, "flask==2\n")
    status, said = clone.set_up()
    assert (status, "made anew: the Python that it was made with is gone" in said) == (0, True)


def test_a_second_set_up_waits_for_the_first_says_so_and_has_nothing_left_to_do(
    clone: Clone, gate: Gate
) -> None:
    first = clone.begin(PIP_WAITS=str(gate.path))
    gate.wait(first)
    second = clone.begin()
    assert second.stdout is not None
    said = second.stdout.readline()
    assert said == "Another set-up of this folder is running: waiting for it …\n"
    gate.open()
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert (second.communicate(timeout=120)[0], second.returncode) == ("", 0)
    assert len(clone.asked) == 2


def test_one_that_was_killed_is_mended_by_the_next(clone: Clone, gate: Gate) -> None:
    killed = clone.begin(PIP_WAITS=str(gate.path))
    gate.wait(killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=120)
    assert (clone.venv / "unfinished").exists()
    status, said = clone.set_up()
    assert (status, "made anew: an earlier set-up was cut off" in said) == (0, True)
    assert clone.set_up() == (0, "")


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_one_that_is_stopped_with_ctrl_c_says_so_and_leaves_nothing(
    clone: Clone, gate: Gate
) -> None:
    stopped = clone.begin(PIP_WAITS=str(gate.path))
    gate.wait(stopped)
    os.killpg(stopped.pid, signal.SIGINT)
    said, _ = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert said.endswith("Set-up was stopped; the next start does it again.\n")
    assert not clone.venv.exists()


# --- what goes wrong, in a line -------------------------------------------------------------------


def stub_python(clone: Clone, version: str) -> None:
    (clone.bin / "python3").unlink()
    put(clone.bin / "python3", f"#!/usr/bin/env bash\necho {version}\n")


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.15"])
def test_another_python_is_refused_with_what_is_there_and_what_to_do(
    clone: Clone, version: str
) -> None:
    stub_python(clone, version)
    status, said = clone.set_up()
    assert status == 1
    assert said == (
        f"This needs Python 3.11 to 3.14, and python3 is {version}: install one, or name one that "
        "is there, such as PYTHON=/usr/bin/python3.12.\n"
    )
    assert not clone.venv.exists()


def test_where_python3_is_too_old_a_newer_one_beside_it_is_taken(clone: Clone) -> None:
    stub_python(clone, "3.10")
    (clone.bin / "python3.12").symlink_to(sys.executable)
    assert clone.set_up()[0] == 0


@pytest.mark.parametrize("more", [{}, {"PYTHON": "/nowhere/python3"}])
def test_no_python_at_all_is_said(clone: Clone, more: dict[str, str]) -> None:
    (clone.bin / "python3").unlink()
    status, said = clone.set_up(**more)
    name = more.get("PYTHON", "python3")
    assert (status, f"there is no {name} that runs: install one" in said) == (1, True)
    assert said.count("\n") == 1


@pytest.mark.parametrize("says", [DEBIAN, "/usr/bin/python3: No module named venv"])
def test_a_python_that_makes_no_environment_is_said_with_the_package_that_does(
    clone: Clone, says: str
) -> None:
    status, said = clone.set_up(VENV_SAYS=says)
    assert status == 1
    assert "`apt install python3-venv` brings what is missing" in said.splitlines()[-1]
    assert not clone.venv.exists()


@pytest.mark.thorough
def test_what_fails_while_fetching_leaves_an_environment_as_it_was(clone: Clone) -> None:
    clone.set_up()
    put(clone.folder / SERVICE, "flask==2\n")
    status, said = clone.set_up(PIP_SAYS="Failed to establish: NewConnectionError", PIP_STATUS="1")
    assert (status, said.splitlines()[-1][:39]) == (1, "The package index cannot be reached: se")
    assert not (clone.venv / "unfinished").exists()
    put(
        clone.folder / SERVICE, "flask==1 \\\n    --hash=sha256:f\npip==2 \\\n    --hash=sha256:p\n"
    )
    assert clone.set_up() == (0, "")


@pytest.mark.thorough
def test_what_fails_while_unpacking_has_it_made_anew_next_time(clone: Clone) -> None:
    clone.set_up()
    put(clone.folder / SERVICE, "flask==2\n")
    says = "Installing collected packages: flask\nOSError: [Errno 28] No space left on device"
    status, said = clone.set_up(PIP_SAYS=says, PIP_STATUS="1")
    assert (status, said.splitlines()[-1][:17]) == (1, "The disk is full:")
    assert "an earlier set-up was cut off" in clone.set_up()[1]


def test_a_first_set_up_that_fails_leaves_nothing(clone: Clone) -> None:
    status, said = clone.set_up(PIP_SAYS="something else", PIP_STATUS="1")
    assert (status, "something else" in said) == (1, True)
    assert not clone.venv.exists()


@pytest.mark.parametrize("name", ["", "setup.cfg", "../requirements.txt"])
def test_a_file_that_pins_nothing_is_refused_with_those_that_do(clone: Clone, name: str) -> None:
    status, said = clone.set_up(name)
    assert status == 1
    assert said == f"“{name}” is none of the files that pin: {SERVICE} {CLUSTER} {TESTS}\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: [Errno 28] No space left on device", "The disk is full: "),
        ("failed to write: Disk quota exceeded (os error 122)", "The disk is full: "),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "What was fetched is not what "),
        ("Hash mismatch for `flask==3.1.3`", "What was fetched is not what "),
        (
            "WARNING: Retrying … NewConnectionError\nERROR: No matching distribution",
            "The package in",
        ),
        ("error: Failed to fetch: `https://…`\n cause: dns error", "The package index cannot be"),
        ("ERROR: No matching distribution found for numpy==2", "There is no wheel for Python 3."),
        ("Because numpy==2 has no usable wheels and you", "There is no wheel for Python 3."),
        ("[Errno 13] Permission denied: '/x/.venv/lib/a'", f"{set_up.user()} may not write in "),
    ],
)
def test_what_pip_and_uv_say_of_their_trouble_becomes_one_line(said: str, told: str) -> None:
    sentence = str(set_up.trouble_with(said, ROOT / SERVICE))
    assert sentence.startswith(told)
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_a_folder_that_may_not_be_written_to_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(set_up.Trouble, match=r"cannot write to .*clone into a folder of your own"):
        set_up.alone().__enter__()


def test_a_disk_with_too_little_room_is_named_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(set_up, "ROOM_MB", 10**9)
    with pytest.raises(set_up.Trouble, match=r"There are \d+ MB free on the disk of .* make room"):
        set_up.check_room()

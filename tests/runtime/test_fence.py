"""The fence: what a program that is taken over by the file it reads can do, and what it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from catchments.core.settings import ROOT
from catchments.runtime import ended_programs, subprocess_job
from catchments.runtime.fence import bubblewrap, landlock, seccomp, syscalls, walls
from catchments.runtime.fence.plans import Fence, Standing
from catchments.runtime.subprocess_job import JobFailed
from tests import fence_attacks
from tests.waiting import PATIENCE_S, Clock, wait_until
from tests.worlds import lacking

ATTACKS = Path(fence_attacks.__file__)
INTERPRETER = "code"
"""A module of Python's own that does as its input says: a reader that is taken over."""


# --- each kind of fence, as this kernel has it ----------------------------------------------------


@cache
def found(*, with_bwrap: bool) -> Standing:
    with pytest.MonkeyPatch.context() as patch:
        if not with_bwrap:
            patch.setattr(bubblewrap, "found", lambda: None)
        return walls._tried()


def with_bwrap() -> Standing:
    stands = found(with_bwrap=True)
    return stands if stands.bwrap else lacking("bwrap does not run here")


def with_landlock() -> Standing:
    stands = found(with_bwrap=False)
    return stands if stands.landlock and stands.seccomp else lacking("there is no Landlock here")


def as_under_systemd() -> Standing:
    """Without a namespace, which the unit forbids."""
    return Standing(landlock=with_landlock().landlock, seccomp=True)


def as_on_debian_12() -> Standing:
    """Linux 6.1 has Landlock 2, which knows neither TCP nor signals nor cutting files short."""
    return Standing(landlock=min(2, with_landlock().landlock), seccomp=True)


KINDS = {
    "bwrap": with_bwrap,
    "landlock": with_landlock,
    "systemd": as_under_systemd,
    "debian": as_on_debian_12,
}


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.every_case) for kind in KINDS])
def stands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Standing:
    """A whole fence of a kind, which everything is then read in."""
    made = KINDS[request.param]()
    monkeypatch.setattr(walls, "_known", [made])
    return made


def done(text: str, fence: Fence, **environment: str) -> str:
    """What a program writes that does as a text says, in a fence."""
    said = subprocess_job.run(
        INTERPRETER,
        given=f"exec({text!r})\n".encode(),
        within_s=PATIENCE_S,
        environment=environment,
        fence=fence,
    )
    return said.decode().replace(">>> ", "").strip()


# --- taken over -----------------------------------------------------------------------------------


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[dict[str, object]]:
    """Everything that somebody could look for, where it is."""
    given, database = tmp_path / "given", tmp_path / "instance" / "catchments.sqlite"
    for folder in (given, database.parent, tmp_path / "scratch", tmp_path / "outside"):
        folder.mkdir()
    database.write_bytes(b"the database")
    (given / "file.zip").write_bytes(b"a file")
    abstract = f"catchments-{os.getpid()}-{tmp_path.name}"
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as tcp,
        closing(socket.socket(socket.AF_UNIX)) as unix,
        closing(socket.socket(socket.AF_UNIX)) as nameless,
    ):
        where = os.open(given, os.O_RDONLY)  # a socket's path may be 107 bytes long
        unix.bind(f"/proc/self/fd/{where}/s")
        nameless.bind("\0" + abstract)
        for each in (unix, nameless):
            each.listen()
        yield {
            "root": str(ROOT),
            "home": str(Path.home()),
            "parent": os.getpid(),
            "database": str(database),
            "outside": str(tmp_path / "outside"),
            "given": str(given / "file.zip"),
            "scratch": str(tmp_path / "scratch"),
            "tcp": tcp.getsockname()[1],
            "unix": str(given / "s"),
            "abstract": abstract,
            "environment": ["TMPDIR", "LC_CTYPE", "PWD"],
        }
        os.close(where)


@pytest.mark.parametrize("programs", [False, True])
def test_whoever_takes_a_reader_over_reaches_nothing(
    stands: Standing, listening: dict[str, object], tmp_path: Path, programs: bool
) -> None:
    known = tmp_path / "given" / "known.json"
    told = {"signals": stands.confines_signals, "programs": programs}
    known.write_text(json.dumps({**listening, **told}))
    attacks = tmp_path / "given" / "attacks.py"
    attacks.write_text(ATTACKS.read_text())
    scratch = str(listening["scratch"])
    fence = Fence((str(known.parent),), (scratch,), programs=programs)
    text = (
        f"import sys; sys.argv.append({str(known)!r})\n"
        f"exec(open({str(attacks)!r}).read(), {{'__name__': '__main__'}})"
    )
    heard: list[int] = []
    before = signal.signal(signal.SIGWINCH, lambda number, _: heard.append(number))
    came = json.loads(done(text, fence, TMPDIR=scratch))
    signal.signal(signal.SIGWINCH, before)
    assert heard == []
    assert came.keys() == {*fence_attacks.WAYS, "calls"}
    assert {way: what for way, what in came.items() if what} == {}
    assert Path(str(listening["database"])).read_bytes() == b"the database"
    assert Path(str(listening["given"])).read_bytes() == b"a file"
    assert list((tmp_path / "outside").iterdir()) == []


def test_outside_a_fence_the_same_ways_lead_somewhere(
    listening: dict[str, object], tmp_path: Path
) -> None:
    harmless = ("the database", "accounts", "TCP", "UDP", "an abstract socket", "/proc", "a shell")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fence_attacks, "KNOWN", listening)
        came = {way: fence_attacks.tried(fence_attacks.WAYS[way]) for way in harmless}
    assert [way for way, what in came.items() if not what.startswith("it did")] == []


def test_what_is_given_is_read_and_its_own_folder_is_written(
    stands: Standing, tmp_path: Path
) -> None:
    (tmp_path / "given.txt").write_text("Ōtāhuhu")
    (tmp_path / "scratch").mkdir()
    text = (
        "import os, pathlib, tempfile\n"
        f"text = pathlib.Path({str(tmp_path / 'given.txt')!r}).read_text()\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    os.makedirs(folder + '/a/b')\n"
        "    pathlib.Path(folder, 'a/b/c').write_text(text)\n"
        "    os.rename(folder + '/a/b/c', folder + '/d')\n"
        "    print(pathlib.Path(folder, 'd').read_text(), os.path.dirname(folder))\n"
    )
    fence = Fence((str(tmp_path / "given.txt"),), (str(tmp_path / "scratch"),))
    said = done(text, fence, TMPDIR=str(tmp_path / "scratch"))
    assert said == f"Ōtāhuhu {tmp_path / 'scratch'}"


def test_what_it_begins_without_end_ends_with_it(stands: Standing, tmp_path: Path) -> None:
    text = (
        "import os, resource, time\n"
        "for _ in range(8):\n"
        "    if not os.fork():\n"
        "        [os.close(fd) for fd in range(3)]\n"
        "        time.sleep(1e6)\n"
        "print(os.getpgid(0), resource.getrlimit(resource.RLIMIT_NPROC)[1] < 20_000)\n"
    )
    group, limited = done(text, Fence(programs=True)).split()
    assert limited == "True"
    if not stands.bwrap:  # whose namespace ends with its first process
        wait_until(lambda: not alive(int(group)), "its processes to end")


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_leaf_begins_no_process_at_all(stands: Standing) -> None:
    text = "import os\ntry:\n    os.fork()\nexcept OSError as error:\n    print(error.errno)\n"
    assert done(text, Fence()) == "1"


def test_a_program_within_is_fenced_as_well(stands: Standing) -> None:
    text = (
        "from catchments.runtime import subprocess_job\n"
        "from catchments.runtime.fence.plans import Fence\n"
        "given = b\"open('/etc/passwd')\\nimport os; print(os.listdir('/usr/lib') != [])\\n\"\n"
        "print(subprocess_job.run('code', given=given, within_s=60, environment={}, "
        "fence=Fence()).decode())\n"
    )
    assert "True" in done(text, Fence(programs=True))


def test_it_ends_with_whoever_started_it(stands: Standing, tmp_path: Path) -> None:
    fence = Fence(writes=(str(tmp_path),))
    text = f"open({str(tmp_path / 'begun')!r}, 'w').close(); import time; time.sleep(1e6)"
    told = (str(ROOT), walls.command(INTERPRETER, fence), f"{text}\n".encode())
    begun = (
        f"import sys; where, command, given = {told!r}; sys.path.insert(0, where)\n"
        "from catchments.runtime import ended_programs\n"
        "ended_programs.run(command, given=given, within_s=1e6, at_most=9, environment={})"
    )
    parent = os.posix_spawn(sys.executable, [sys.executable, "-c", begun], os.environ)
    wait_until((tmp_path / "begun").exists, "it to begin")
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    wait_until(lambda: not any(Path(f"/proc/{each}/exe").exists() for each in children), "its end")


# --- what stands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "files", "network", "whole"),
    [
        (Standing(), "nothing", "nothing", False),
        (Standing(landlock=7), "Landlock 7", "nothing", False),
        (Standing(seccomp=True), "nothing", "seccomp", False),
        (Standing(landlock=2, seccomp=True), "Landlock 2", "seccomp", True),
        (Standing(landlock=2, namespace=True), "Landlock 2", "a namespace", True),
        (Standing(bwrap=True), "bwrap", "bwrap", True),
        (
            Standing(bwrap=True, landlock=7, seccomp=True),
            "bwrap, Landlock 7",
            "bwrap, seccomp",
            True,
        ),
    ],
)
def test_what_stands_is_said_in_words(
    made: Standing, files: str, network: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (made.files, made.network, made.whole) == (files, network, whole)
    monkeypatch.setattr(walls, "_known", [made])
    said = walls.sentence(accepted=False)
    assert f"{files} fences files, {network} the network" in said
    assert ("refused" in said) is not whole
    assert "all the same" in walls.sentence(accepted=True) or whole


def test_a_machine_that_was_too_busy_is_tried_again_and_what_stood_once_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, clock = Standing(landlock=7, seccomp=True), Clock(1_000.0)
    trials = iter([Standing(), Standing(landlock=7), whole])
    monkeypatch.setattr(walls, "_known", [])
    monkeypatch.setattr(walls, "_again_at", [float("inf")])
    monkeypatch.setattr(walls, "_tried", lambda: next(trials))
    monkeypatch.setattr(walls.time, "monotonic", clock)
    seen = []
    for clock.now in (1_000.0, 1_059.0, 1_060.0, 1_119.0, 1_121.0, 9_999.0):
        seen.append(walls.standing())
    assert seen == [Standing()] * 2 + [Standing(landlock=7)] * 2 + [whole] * 2


def test_what_cannot_be_tried_does_not_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(walls.tempfile, "NamedTemporaryFile", full)
    assert walls._tried() == Standing()


def test_a_bwrap_that_is_there_and_does_not_run_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "found", lambda: str(broken))
    assert walls._tried() == found(with_bwrap=False)


def test_a_bwrap_that_fences_nothing_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lying = tmp_path / "bwrap"
    lying.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    lying.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "found", lambda: str(lying))
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(syscalls, "here", lambda: "")
    stands = walls._trial(Standing(bwrap=True))
    assert stands.files == "nothing"


def test_what_is_planned_and_cannot_be_put_on_ends_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if a kernel took back what it had: nothing is read then, rather than without it.
    monkeypatch.setattr(walls, "_known", [Standing(landlock=7, seccomp=True)])
    monkeypatch.setattr(walls, "_entering", _with_a_broken_entrance(walls._entering))
    with pytest.raises(JobFailed, match="without an answer"):
        done("print(1)", Fence())


def _with_a_broken_entrance(entering):  # type: ignore[no-untyped-def]
    def made(module, plan):  # type: ignore[no-untyped-def]
        python, isolated, unwritten, entrance, *rest = entering(module, plan)
        text = (
            "import ctypes, runpy, sys; libc = ctypes.CDLL; "
            "ctypes.CDLL = lambda *_, **__: type('No', (), "
            "{'prctl': lambda *_: -1, 'syscall': lambda *_: -1, 'unshare': lambda *_: -1})(); "
            "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        return [python, isolated, unwritten, "-c", text, entrance, *rest]

    return made


def test_the_unit_lets_a_reader_be_fenced_by_landlock() -> None:
    unit = (ROOT / "scripts" / "deploy" / "catchments@.service").read_text()
    filters = [line for line in unit.splitlines() if line.startswith("SystemCallFilter=")]
    # A later line wins over an earlier one.
    assert set(filters[-1].partition("=")[2].split()) == {
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
    }


# --- Landlock's rights, the filter's steps --------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "bits"),
    [(0, 0), (1, 13), (2, 14), (3, 15), (4, 15), (5, 16), (6, 16), (7, 16), (9, 16)],
)
def test_of_every_abi_all_rights_to_files_are_taken(version: int, bits: int) -> None:
    assert landlock.files_of(version) == (1 << bits) - 1


ALLOW, KILL, NO, NOT_THERE = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def outcome(machine: str, number: int, argument: int = 0, *, arch: int = 0, **free: bool) -> int:
    """What the kernel would do by the filter that process 42 has put on."""
    made = [*seccomp.steps(machine, 42, **{"signals": False, "programs": False, **free})]
    held = {0: number, 4: arch or syscalls.AUDIT[machine], 16: argument}
    at = value = 0
    while True:
        code, if_true, if_false, operand = made[at]
        at += 1
        match code:
            case 0x20:
                value = held[operand]
            case 0x06:
                return operand
            case 0x15 | 0x25 | 0x45:
                told = {0x15: value == operand, 0x25: value > operand, 0x45: bool(value & operand)}
                at += if_true if told[code] else if_false


@pytest.mark.parametrize("machine", [*syscalls.AUDIT])
def test_the_filter_refuses_what_it_names_on_every_machine(machine: str) -> None:
    for signals in (False, True):
        for programs in (False, True):
            named = syscalls.refused(machine, signals=signals, programs=programs)
            for name, number in named.items():
                assert outcome(machine, number, signals=signals, programs=programs) == NO, name


@pytest.mark.parametrize(
    ("machine", "name", "argument", "free", "said"),
    [
        ("x86_64", "prlimit64", 0, {}, ALLOW),
        ("x86_64", "prlimit64", 7, {}, NO),
        ("aarch64", "prlimit64", 7, {"signals": True}, NO),
        ("x86_64", "tgkill", 42, {}, ALLOW),
        ("x86_64", "tgkill", 7, {}, NO),
        ("aarch64", "tgkill", 7, {"signals": True}, ALLOW),
        ("x86_64", "clone3", 0, {"programs": True}, NOT_THERE),
        ("x86_64", "clone", 0x10F00, {}, ALLOW),
        ("x86_64", "clone", 17, {}, NO),
        ("x86_64", "clone", 17, {"programs": True}, ALLOW),
        ("aarch64", "clone", 0x10000000 | 17, {"programs": True}, NO),
        ("aarch64", "clone", 0x40000000 | 0x10F00, {}, NO),
    ],
)
def test_the_filter_looks_at_whom_a_call_concerns(
    machine: str, name: str, argument: int, free: dict[str, bool], said: int
) -> None:
    number = syscalls.named(name, machine)
    assert outcome(machine, number, argument, **free) == said


def test_the_filter_lets_be_what_readers_do_and_kills_what_is_of_another_machine() -> None:
    assert {outcome("x86_64", number) for number in (0, 1, 3, 9, 202, 257, 318)} == {ALLOW}
    assert outcome("x86_64", 0x40000000) == NOT_THERE, "the other way to number calls"
    assert outcome("x86_64", 451) == NOT_THERE
    assert outcome("x86_64", 0, arch=0x40000003) == KILL


# --- the job --------------------------------------------------------------------------------------


def test_a_program_that_cannot_be_begun_is_a_job_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/there/is/none")
    with pytest.raises(JobFailed, match="could not be begun") as failed:
        subprocess_job.run(INTERPRETER, given=b"", within_s=1, environment={})
    assert failed.value.how == "not begun: No such file or directory"


def test_a_program_that_writes_without_end_is_stopped() -> None:
    with pytest.raises(JobFailed) as failed:
        subprocess_job.run(
            INTERPRETER,
            given=b"while True: print('x' * 1000)\n\n",
            within_s=PATIENCE_S,
            environment={},
            at_most=100_000,
        )
    assert failed.value.how == "stopped after 100,000 bytes of answer"


def test_a_program_that_says_much_is_heard_to_its_end_and_little_is_kept() -> None:
    ended = ended_programs.run(
        [sys.executable, "-c", "import sys; sys.stderr.write('x' * 9_999_999 + 'last'); print(1)"],
        given=b"y" * 9_999_999,
        within_s=PATIENCE_S,
        at_most=10,
        environment={},
    )
    assert (ended.returncode, ended.stdout) == (0, b"1\n")
    assert len(ended.stderr) <= ended_programs.STDERR_KEPT
    assert ended.stderr.endswith(b"last")


@pytest.mark.parametrize(
    "text",
    ["import time; time.sleep(1e6)", "import os, time; os.close(1); os.close(2); time.sleep(1e6)"],
)
def test_a_program_that_takes_too_long_is_stopped(text: str) -> None:
    with pytest.raises(ended_programs.NotEnded, match=r"stopped after 0\.3 seconds"):
        ended_programs.run(
            [sys.executable, "-c", text], given=b"", within_s=0.3, at_most=10, environment={}
        )

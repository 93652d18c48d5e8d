"""Programs of the service as real processes that begin at once, and can be killed anywhere.

Each is a fork of one process that has imported what they need: a program that begins anew spends
three seconds of the processor on that, and no test is about it. What is run is what `python -m`
runs. One thing is otherwise: of a publication's files stand-ins are made, for drawing them takes
ten times as long as all the rest, unless a test is about those files.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from catchments.core.settings import ROOT
from catchments.runtime import subprocess_job
from catchments.runtime.fence import walls
from catchments.runtime.prometheus_files import SHARED
from tests.waiting import wait_until

PREPARED = (
    "app",
    "catchments.commands.addresses",
    "catchments.commands.directory",
    "catchments.commands.editions",
    "catchments.commands.jobs.publishing",
    "maps.artefacts",
    # And what those import only where it is used.
    "catchments.readers.boundaries.change",
    "catchments.readers.formats.table_parts.sheet_choice",
    "psycopg",
    "rich.progress",
    "webauthn",
    # The application that is served: whether workers share counts is found as it is imported.
    "tests.worlds",
)
"""Modules that are imported before a program begins."""
READERS = (
    "catchments.commands.jobs.reading",
    "catchments.readers.formats.feature_polygons",
    "catchments.readers.formats.parquet.program",
    "catchments.readers.formats.vector_files",
)
"""Those of programs that read a file; what limits their memory counts what is imported."""

_ENDED_BY: dict[int, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}
"""Signals that end a program, and what it makes of them by itself."""

# --- for tests ------------------------------------------------------------------------------------


class Process:
    """A program that runs, with what it says; a `subprocess.Popen` as far as tests need one."""

    def __init__(self, forge: Forge, pid: int, files: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._forge, self._files = forge, files

    @property
    def stdout(self) -> str:
        return self._files.with_suffix(".out").read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self._files.with_suffix(".err").read_text(errors="replace")

    @property
    def steps(self) -> int:
        """How many steps it took, once it has ended."""
        return int(self._files.with_suffix(".steps").read_text())

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._forge.asked(poll=self.pid)
        return self.returncode

    def wait(self) -> int:
        wait_until(lambda: self.poll() is not None, f"process {self.pid} ends", seen=self._seen)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it, and every process that it has begun, at once."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()

    def _seen(self) -> str:
        return f"It said: {self.stdout}{self.stderr}"


class Forge:
    """The process that others are forks of, with what they need imported."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="catchments-forge-")
        self._begun = 0
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared", *modules],
            cwd=ROOT,
            # Whether workers share what they count is found as it is imported; see `_begin_anew`.
            env={**os.environ, SHARED: self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def asked(self, **what: Any) -> Any:
        with self._one_at_a_time:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def begin(self, module: str, words: Sequence[object], given: bytes, **how: Any) -> Process:
        self._begun += 1
        files = Path(self._folder.name, str(self._begun))
        files.with_suffix(".in").write_bytes(given)
        pid = self.asked(module=module, words=[*map(str, words)], files=str(files), **how)
        return Process(self, pid, files)

    def answer(
        self, module: str, given: bytes, environment: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """How a program ended and what it wrote, which may write to no file."""
        self._begun += 1
        files = Path(self._folder.name, str(self._begun))
        files.with_suffix(".in").write_bytes(given)
        os.mkfifo(files.with_suffix(".out"))
        with os.fdopen(os.open(files.with_suffix(".out"), os.O_RDONLY | os.O_NONBLOCK)) as pipe:
            how = {"module": module, "files": str(files), "environment": dict(environment)}
            process = Process(self, self.asked(answers=how), files)
            said = b"".join(_written(pipe.fileno(), process))
        return process.wait(), said

    def end(self) -> None:
        """End it and all that it began."""
        self._process.communicate()  # it ends when nobody can ask it any more
        self._folder.cleanup()


def _written(pipe: int, process: Process) -> Iterator[bytes]:
    """What a process writes into a pipe, until it closes it or has ended."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    while True:
        if waiting.poll(100):
            piece = os.read(pipe, 1 << 20)
            if not piece:
                return
            yield piece
        elif process.poll() is not None and not waiting.poll(0):  # it may have written last of all
            return


_made: dict[Sequence[str], Forge] = {}
_making = threading.Lock()


def _forge(modules: Sequence[str] = PREPARED) -> Forge:
    with _making:  # two threads may begin the first of all processes at once
        if modules not in _made:
            _made[modules] = Forge(modules)
        return _made[modules]


def end_all() -> None:
    """End every process that was begun here, and those that they are forks of."""
    while _made:
        _made.popitem()[1].end()


_in_earnest = subprocess_job.run


def answered(module: str, *, given: bytes, environment: Mapping[str, str], **how: Any) -> bytes:
    """What `subprocess_job.run` returns; a program that reads files begins at once, in no fence.

    Its own limits it has. For tests of what files are refused for, not of what keeps them away.
    """
    if how.get("fence") is None:
        return _in_earnest(module, given=given, environment=environment, **how)
    code, said = _forge(READERS).answer(module, given, environment)
    if code:
        how_it_ended = subprocess_job.how_it_ended(code)
        raise subprocess_job.JobFailed("The work ended without an answer.", how=how_it_ended)
    return said


def begin(
    module: str,
    *words: object,
    settings: Mapping[str, str],
    given: bytes = b"",
    dies_at_step: int | None = None,
    dies_at_byte: int | None = None,
    room: int | None = None,
    draws: bool = False,
    anew: bool = False,
) -> Process:
    """Run `python -m module words`, with settings in its environment and `given` as its input.

    A step is a statement or a commit of its database, or a file's new name or end: before that
    one, counted from 1, the process kills itself with SIGKILL. At a byte it is killed by the
    kernel, as it writes so far into any file, such as its database's journal. With `room`, no file
    of it grows beyond so many bytes. If it `draws`, a publication has the files that it has in
    service. The server that `flask serve` hands over to runs in the same
    process, with what is imported already, unless it is to begin `anew`.
    """
    fate = {"dies_at_step": dies_at_step, "dies_at_byte": dies_at_byte, "room": room}
    how = {"draws": draws, "anew": anew}
    return _forge().begin(module, words, given, settings=dict(settings), **fate, **how)


# --- the process itself ---------------------------------------------------------------------------


def main() -> None:
    """Fork for each line of standard input; end, with all that was begun, when it is closed.

    By nothing else: a signal to all of a run would leave what was begun without anybody to end it.
    """
    for number in _ENDED_BY:
        signal.signal(number, signal.SIG_IGN)
    _prepare()
    begun: set[int] = set()
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        if "poll" in asked:
            answer = _ended(asked["poll"], begun)
        else:
            answer = os.fork()
            if answer == 0:
                _become(asked)
            begun.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in begun:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _ended(pid: int, begun: set[int]) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    begun.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _prepare() -> None:
    for name in sys.argv[1:]:
        import_module(name)
    walls.standing()  # found out once for all
    # What is imported is garbage in no fork: looking through it copies all of it.
    gc.collect()
    gc.freeze()


def _become(asked: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        if "answers" in asked:
            asked = asked["answers"]
            _be_a_reader(asked)
        else:
            _begin_anew(asked)
        code = _run(asked["module"])
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _be_a_reader(asked: dict[str, Any]) -> None:
    """Be as a reader that was begun by itself: with its input, its output and its environment."""
    os.setsid()
    files = Path(asked["files"])
    for stream, (ending, how) in enumerate(((".in", os.O_RDONLY), (".out", os.O_WRONLY))):
        os.dup2(os.open(files.with_suffix(ending), how), stream)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = [asked["module"]]


def _begin_anew(asked: dict[str, Any]) -> None:
    """Be as a process that was begun by itself, and as mortal as was asked for."""
    os.setsid()
    for number, handler in _ENDED_BY.items():
        signal.signal(number, handler)
    files = Path(asked["files"])
    for stream, (ending, mode) in enumerate(((".in", "r"), (".out", "w"), (".err", "w"))):
        with files.with_suffix(ending).open(mode) as file:
            os.dup2(file.fileno(), stream)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r") for n in range(3))
    if asked["words"][:1] == ["serve"]:
        del os.environ[SHARED]  # it makes a folder of its own
    os.environ.update(asked["settings"])
    if not asked["draws"]:
        making: Any = import_module("catchments.commands.jobs.publishing_setup")
        made = import_module("tests.worlds").simple_artefacts
        making.artefacts = lambda *_: made()
    if not asked["anew"]:
        os.execv = _run_here  # type: ignore[assignment]
    sys.argv = [asked["module"], *asked["words"]]
    _count_steps(files.with_suffix(".steps"), asked["dies_at_step"])
    if asked["dies_at_byte"] is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    room = asked["room"] or asked["dies_at_byte"]
    if room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))


def _run(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0


def _run_here(_program: str, command: list[str]) -> NoReturn:
    """Instead of `os.execv`: run a module of ours in this process."""
    _python, _option, module, *words = command
    sys.argv = [module, *words]
    sys.exit(_run(module))


def _count_steps(counted: Path, last: int | None) -> None:
    """Write down each step; kill this process at the last one."""
    import sqlalchemy as sa

    taken = 0

    def step(*_: object) -> None:
        nonlocal taken
        taken += 1
        if taken == last:
            os.kill(os.getpid(), signal.SIGKILL)
        counted.write_text(str(taken))

    for each in ("before_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, each, step)
    sys.addaudithook(lambda event, _: step() if event in {"os.rename", "os.remove"} else None)


if __name__ == "__main__":
    main()

"""Makes .venv and installs what a requirements file pins. Run by scripts/environment.

Usage: python scripts/set_up.py REQUIREMENTS_FILE STAMPS, with which the names of stamps begin

Of the standard library alone: nothing else is there yet. One at a time; what was cut off half-way
is made anew; what goes wrong is said in a line, and then nothing half is left.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / ".venv.lock"
"""Beside .venv, since that may have to be removed while it is locked."""
UNFINISHED = VENV / "unfinished"
ROOM_MB = 1300
"""What .venv takes with everything, and what is unpacked meanwhile."""
TELL_EVERY_S = 10
PIN = re.compile(r"^[a-z0-9._-]+==", re.MULTILINE)
PINNED_PIP = re.compile(r"^pip==(\S+).*(?:\n +--hash.*)*", re.MULTILINE)
INCLUDED = re.compile(r"^-r (\S+)$", re.MULTILINE)
PIP = (PYTHON, "-m", "pip")
OWN_PIP = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
"""A person's own settings of where pip installs are not for this environment."""
PINNED_ONLY = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
"""What is pinned is all that is wanted: some of what packages declare is left out on purpose."""

NO_VENV = (
    "{python} cannot make a virtual environment with pip: on Debian and Ubuntu "
    "`apt install python3-venv` brings what is missing; or set PYTHON to another Python."
)
FLASK = """\
#!/usr/bin/env bash
here=$(cd "$(dirname "$0")/../.." && pwd)
exec "$here/.venv/bin/python" "$here/app.py" "$@"
"""
TESTS = "/site-packages/.*/tests?/"
OURS = ("app.py", "catchments", "maps")
UNREACHABLE = "|".join(
    (
        "NewConnectionError|NameResolutionError|name resolution|dns error|Network is unreachable",
        "ConnectTimeout|ReadTimeout|timed out|Connection (refused|reset|aborted)",
        "ProxyError|SSLError|error sending request|[Ff]ailed to fetch",
    )
)
CAUSES = {
    r"No space left on device|Disk quota exceeded|os error (28|122)\b": """\
The disk is full: .venv takes some {room} MB in {root}, and what is fetched half of that in \
{temporary}.""",
    "DO NOT MATCH THE HASHES|Hash mismatch": """\
What was fetched is not what {requirements} pins, its hash differs, so it was not installed: does \
a proxy or a mirror change files? Otherwise tell the maintainers.""",
    UNREACHABLE: """\
The package index cannot be reached: see to the network, or to the proxy or mirror that pip is \
told of, and start again.""",
    "No matching distribution|no (usable )?wheels|no compatible": """\
There is no wheel for Python {version} on this machine: {line}. Try another Python, such as \
PYTHON=python3.12.""",
    "Permission denied|Read-only file system": """\
{user} may not write in {root}/.venv everywhere: have its owner remove it, and start again.""",
}
"""What pip, uv or Python say, and what a person is told of it; the first that is found."""


class Trouble(Exception):
    """Set-up cannot go on; the text says why and what to do."""


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


# --- what is asked for ----------------------------------------------------------------------------


def with_included(requirements: Path) -> list[Path]:
    """The file and those that it includes, each once."""
    files = [requirements]
    for file in files:
        named = INCLUDED.findall(file.read_text(encoding="utf-8"))
        files += [path for name in named if (path := (file.parent / name).resolve()) not in files]
    return files


def packages_of(files: list[Path]) -> int:
    return sum(len(PIN.findall(file.read_text(encoding="utf-8"))) for file in files)


def stamps_of(beginning: str, files: list[Path]) -> list[Path]:
    """A stamp for each file: what another includes needs no set-up of its own."""
    slugs = [file.relative_to(ROOT).as_posix().replace("/", "-") for file in files]
    return [VENV / f"{beginning}-{slug}" for slug in slugs]


# --- one at a time --------------------------------------------------------------------------------


@contextmanager
def alone() -> Iterator[int]:
    """Wait until no other set-up of this folder runs; children that are given the lock hold it too.

    So a pip that outlives us, when we are killed, is waited for by the next start.
    """
    try:
        lock = LOCK.open("a", encoding="utf-8")
    except OSError as problem:
        raise Trouble(
            f"{user()} cannot write to {ROOT} ({problem.strerror}), where .venv is made: clone "
            "into a folder of your own, or have its owner run scripts/environment there."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another set-up of this folder is running: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


# --- running what takes long ----------------------------------------------------------------------


class Progress:
    """Tells every few seconds what is being done: as lines, which read well in a log too."""

    def __init__(self, packages: int) -> None:
        self._packages = packages
        self._fetched = 0
        self._doing = ""
        self.changes_venv = False

    def doing(self, what: str) -> None:
        self._doing = what
        tell(f"  {what} …")

    def see(self, line: str) -> None:
        """Learn from a line of pip or uv how far it is."""
        if line.startswith("Collecting "):
            self._fetched += 1
            name = line.split()[1].partition("==")[0]
            self._doing = f"fetching {self._fetched} of some {self._packages}: {name}"
        if line.startswith(("Installing collected packages", "Prepared ")):
            self.changes_venv = True
            self.doing("unpacking")

    @contextmanager
    def told(self) -> Iterator[None]:
        over = threading.Event()

        def go_on_telling() -> None:
            while not over.wait(TELL_EVERY_S):
                tell(f"  {self._doing} …")

        teller = threading.Thread(target=go_on_telling, daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()


@dataclass(frozen=True)
class Job:
    """What is to be installed, by whoever holds the lock."""

    requirements: Path
    lock: int
    progress: Progress

    def run(self, *command: str | Path, installs: bool = False) -> tuple[int, str]:
        """Run a program to its end; returns its exit status and all that it said.

        What it says as it goes is looked at where it `installs` the whole.
        """
        said = []
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=os.environ | OWN_PIP,
            pass_fds=(self.lock,),
        ) as child:
            for line in child.stdout or ():
                said.append(line)
                if installs:
                    self.progress.see(line)
        return child.returncode, "".join(said)


def trouble_with(said: str, requirements: Path) -> Trouble:
    """What pip or uv said, as a line; where the cause is not known, with the end of what it was."""
    place = {
        "requirements": requirements.relative_to(ROOT),
        "root": ROOT,
        "room": ROOM_MB,
        "temporary": tempfile.gettempdir(),
        "user": user(),
        "version": "{}.{}".format(*sys.version_info),
    }
    for pattern, sentence in CAUSES.items():
        found = re.search(f".*(?:{pattern}).*", said)
        if found:
            return Trouble(sentence.format(**place, line=found[0].strip().rstrip(".")))
    last = "\n".join(said.strip().splitlines()[-12:])
    return Trouble(f"{last}\nSet-up failed; the lines above are the end of what was said.")


# --- the environment ------------------------------------------------------------------------------


def version_of(python: Path) -> str | None:
    """The version of a Python as “3.11”; None where it does not run."""
    asked = [str(python), "-S", "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def what_is_wrong() -> str | None:
    """Why .venv cannot be used, as a clause; None where it can."""
    if UNFINISHED.exists():
        return "an earlier set-up was cut off"
    try:
        lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "it is no virtual environment"
    written = dict(line.split(" = ", 1) for line in lines if " = " in line)
    version = version_of(PYTHON)
    if version is None or not f"{written.get('version', version)}.".startswith(f"{version}."):
        return "the Python that it was made with is gone"
    if not written.get("command", f" {VENV}").endswith(f" {VENV}"):
        return "it was made in another folder"
    return None


def remove() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)


def check_room() -> None:
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    if free_mb < ROOM_MB:
        raise Trouble(
            f"There are {free_mb} MB free on the disk of {ROOT}, and .venv needs some {ROOM_MB}: "
            "make room, and start again."
        )


def make(job: Job, uv: str | None) -> None:
    """Make .venv: with pip, which takes seconds to unpack, only where pip is to install."""
    check_room()
    job.progress.doing("making .venv")
    # Not the Python of an environment that is switched on: that may be the one being replaced.
    python = getattr(sys, "_base_executable", sys.executable)
    without_pip = ["--without-pip"] if uv else []
    status, said = job.run(python, "-m", "venv", *without_pip, str(VENV))
    if status != 0 and re.search("ensurepip|No module named", said):
        raise Trouble(NO_VENV.format(python=python))
    if status != 0:
        raise trouble_with(said, job.requirements)


# --- installing -----------------------------------------------------------------------------------


def uv_here() -> str | None:
    """The uv that is on this machine already; not one inside .venv, which may be removed."""
    found = shutil.which("uv")
    if found is None or Path(found).resolve().is_relative_to(VENV):
        return None
    return found


def install_with_uv(job: Job, uv: str) -> tuple[int, str]:
    job.progress.doing(f"fetching, with {uv}")
    into = ["--python", str(PYTHON), "--no-progress"]
    which = [*PINNED_ONLY, "--requirement", str(job.requirements)]
    return job.run(uv, "pip", "install", *into, *which, installs=True)


def install_with_pip(job: Job) -> tuple[int, str]:
    renewed, said = renew_pip(job)
    if renewed != 0:
        return renewed, said
    job.progress.doing("fetching")
    quick = ["--progress-bar", "off", "--no-compile"]
    which = [*PINNED_ONLY, "--requirement", str(job.requirements)]
    return job.run(*PIP, "install", *quick, *which, installs=True)


def renew_pip(job: Job) -> tuple[int, str]:
    """Have the pinned pip do the work: older ones take twice the processor time."""
    status, said = job.run(*PIP, "--version")
    if status != 0:
        status, said = job.run(PYTHON, "-m", "ensurepip")
    if status != 0:
        raise Trouble(NO_VENV.format(python=PYTHON))
    text = "".join(file.read_text(encoding="utf-8") for file in with_included(job.requirements))
    block = PINNED_PIP.search(text)
    if block is None or f"pip {block[1]} " in said:
        return 0, said
    job.progress.doing("fetching pip")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as only_pip:
        only_pip.write(f"{block[0]}\n")
        only_pip.flush()
        return job.run(*PIP, "install", *PINNED_ONLY, "--requirement", only_pip.name)


def compile_all(job: Job) -> None:
    """Compile on every core what may be imported: the service's user may not write here later.

    The libraries' own tests are a third of it, and are never imported. That a file does not compile
    is no failure: some are templates.
    """
    job.progress.doing("compiling")
    ours = [ROOT / name for name in OURS]
    job.run(PYTHON, "-m", "compileall", "-q", "-j", "0", "-x", TESTS, VENV / "lib", *ours)


def install(job: Job, uv: str | None) -> None:
    """Install with uv where it is there, with pip where it is not or cannot; then compile."""
    status, said = install_with_uv(job, uv) if uv else (1, "")
    if status != 0 and not job.progress.changes_venv:
        if uv:
            tell(f"  {uv} cannot: {' '.join(said.split())[-200:]} – now with pip")
        status, said = install_with_pip(job)
    if status != 0:
        raise trouble_with(said, job.requirements)
    compile_all(job)


def own_flask() -> None:
    """Have `flask` of this environment be the project's: from any folder, with its version.

    Flask's own answers --version before it looks for an application.
    """
    command = VENV / "bin" / "flask"
    command.unlink(missing_ok=True)
    command.write_text(FLASK, encoding="utf-8")
    command.chmod(0o755)


def renew(job: Job, stamps: list[Path]) -> None:
    """Bring .venv to what is pinned, whole. Where that fails, none stays none, half none."""
    wrong = what_is_wrong() if VENV.exists() or VENV.is_symlink() else None
    if wrong is not None:
        tell(f"  .venv is made anew: {wrong}")
        remove()
    fresh, uv = not VENV.exists(), uv_here()
    try:
        VENV.mkdir(exist_ok=True)
        UNFINISHED.touch()
        if fresh:
            make(job, uv)
        install(job, uv)
        own_flask()
        stamp(stamps)
    except BaseException:
        if fresh:
            remove()
        elif not job.progress.changes_venv:
            UNFINISHED.unlink(missing_ok=True)
        raise


def stamp(stamps: list[Path]) -> None:
    """Write in .venv what is there, where and for which Python; nothing else is there any more."""
    for old in set(VENV.glob("installed-*")) - set(stamps):
        if old.name.split("-")[1:3] != stamps[0].name.split("-")[1:3]:
            old.unlink()
    for made in stamps:
        made.write_text(f"{version_of(PYTHON)} {ROOT}\n", encoding="utf-8")
    UNFINISHED.unlink()


def set_up(requirements: Path, beginning: str) -> None:
    files = with_included(requirements)
    stamps, packages = stamps_of(beginning, files), packages_of(files)
    with alone() as lock:
        if stamps[0].exists() and what_is_wrong() is None:
            return  # the one that was waited for has done it
        tell(
            f"Setting up .venv, once, with what {requirements.relative_to(ROOT)} pins: "
            f"{packages} packages. It takes a minute or two:"
        )
        progress = Progress(packages)
        with progress.told():
            renew(Job(requirements, lock, progress), stamps)


def main() -> int:
    requirements = ROOT / sys.argv[1]
    try:
        set_up(requirements, sys.argv[2])
    except Trouble as trouble:
        tell(str(trouble))
        return 1
    except OSError as problem:
        tell(str(trouble_with(str(problem), requirements)))
        return 1
    except KeyboardInterrupt:
        tell("Set-up was stopped; the next start does it again.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

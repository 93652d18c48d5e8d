"""The way into a fence: run as a file, it fences itself in and then is the module that it names.

`python -I -B entrance.py PLAN MODULE`; nothing of a foreign file has been read until then. It ends
where something of the plan cannot be put on.
"""

from __future__ import annotations

import os
import resource
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

if __name__ == "__main__":
    # Not by way of a path: whoever is in a fence may not list the folder that the package is in.
    _where = Path(__file__).parents[2]
    _spec = spec_from_file_location("catchments", _where / "__init__.py")
    if _spec and _spec.loader:
        sys.modules["catchments"] = module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules["catchments"])

from catchments.runtime.fence import (
    inside,
    kernel,
    landlock,
    namespaces,
    seccomp,
    surroundings,
)
from catchments.runtime.fence.plans import Fence, Plan, Standing

PROCESSES_AT_MOST = 128
"""With their threads: more than we start, and little for who would start without end."""
OPEN_FILES_AT_MOST = 256


def enter(plan: Plan) -> Standing:
    """Fence this process in, which has one thread; return what then stands. Raises OSError."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    wanted, stands = plan.puts_on, plan.stands
    if wanted.namespace and not _done(namespaces.without_network, plan):
        stands = replace(stands, namespace=False)
    _limit(plan, stands)
    if not stands.bwrap:  # which has done it; without that, not even a trial goes on
        namespaces.drop_capabilities()
    if wanted.landlock and not _done(lambda: _restrict_files(plan), plan):
        stands = replace(stands, landlock=0)
    if wanted.seccomp and not _done(lambda: _restrict_calls(plan, stands), plan):
        stands = replace(stands, seccomp=False)
    return stands


def _done(put_on: Callable[[], object], plan: Plan) -> bool:
    try:
        put_on()
    except OSError:
        if not plan.trial:
            raise
        return False
    return True


def _restrict_files(plan: Plan) -> None:
    landlock.restrict(_allowed(plan.fence), plan.puts_on.landlock)


def _restrict_calls(plan: Plan, stands: Standing) -> None:
    seccomp.restrict(signals=stands.confines_signals, programs=plan.fence.programs)


def _allowed(fence: Fence) -> Iterator[tuple[Path, int]]:
    yield from ((path, landlock.READ) for path in surroundings.code())
    yield from ((path, landlock.READ_FILE) for path in surroundings.DEVICES)
    yield Path(os.devnull), landlock.WRITE_FILE
    if fence.programs:
        yield from ((path, landlock.EXECUTE) for path in surroundings.executables())
    yield from ((Path(given), landlock.READ) for given in fence.reads)
    yield from ((Path(given), landlock.SCRATCH) for given in fence.writes)


# --- limits ---------------------------------------------------------------------------------------


def _limit(plan: Plan, stands: Standing) -> None:
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: OPEN_FILES_AT_MOST}
    if not plan.nested:
        # In a user namespace of its own a process counts what is started there and nothing else.
        alone = stands.bwrap or stands.namespace
        limits[resource.RLIMIT_NPROC] = PROCESSES_AT_MOST + (0 if alone else _threads_of_mine())
    for what, limit in limits.items():
        _, most = resource.getrlimit(what)
        least = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(what, (least, least))


def _threads_of_mine() -> int:
    """Return how many threads this process's user has."""
    return sum(map(_threads_in, Path("/proc").glob("[0-9]*")))


def _threads_in(process: Path) -> int:
    with suppress(OSError):
        if process.stat().st_uid == os.getuid():
            return sum(1 for _ in (process / "task").iterdir())
    return 0


def main() -> None:
    """Fence this process in by a plan, and be a module."""
    plan, module = Plan.read(sys.argv[1]), sys.argv[2]
    inside.standing = enter(plan)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

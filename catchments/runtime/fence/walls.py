"""What fences a program on this machine, found out by trying it once."""

from __future__ import annotations

import json
import math
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from catchments.runtime import ended_programs
from catchments.runtime.fence import bubblewrap, entrance, inside, landlock
from catchments.runtime.fence.plans import Fence, Plan, Standing

_TRIAL = "catchments.runtime.fence.trial"
_TRIED_WITHIN_S = 20.0
_ANSWER_BYTES = 10_000
_lock = threading.Lock()
_known: list[Standing] = []
_again_at = [math.inf]
_AGAIN_AFTER_S = 60.0
"""A machine that was too busy for a trial is asked again; a fence that stood once stays."""


def standing() -> Standing:
    """Return what a fence is made of here; the first time in a process it is tried."""
    if inside.standing is not None:
        return inside.standing
    with _lock:
        if not _known or time.monotonic() >= _again_at[0]:
            _known[:] = [_tried()]
            _again_at[0] = math.inf if _known[0].whole else time.monotonic() + _AGAIN_AFTER_S
        return _known[0]


def sentence(*, accepted: bool) -> str:
    """Return what whoever starts the service should know of it; `accepted` is the setting."""
    stands = standing()
    told = f"Foreign files: {stands.files} fences files, {stands.network} the network."
    if stands.whole:
        return told
    if accepted:
        return f"{told} Shapefiles and Parquet are read all the same, as the setting says."
    return f"{told} Shapefiles and Parquet are refused: bubblewrap or Landlock would fence them."


def command(module: str, fence: Fence) -> list[str]:
    """Return what runs a module of ours in a fence, as much of one as there is."""
    stands = standing()
    if inside.standing is not None:
        return _entering(module, Plan(fence, stands.within, stands, nested=True))
    if stands == Standing():
        return [sys.executable, "-m", module]
    entering = _entering(module, Plan(fence, stands, stands))
    return bubblewrap.wrapped(entering, fence) if stands.bwrap else entering


def _entering(module: str, plan: Plan) -> list[str]:
    # -I: nothing of the environment and of the working folder says what is imported.
    return [sys.executable, "-I", "-B", str(Path(entrance.__file__)), plan.written(), module]


def _tried() -> Standing:
    if bubblewrap.found():
        wrapped = _trial(Standing(bwrap=True, landlock=landlock.abi(), seccomp=True))
        if wrapped.bwrap:
            return wrapped
    return _trial(Standing(landlock=landlock.abi(), namespace=True, seccomp=True))


def _trial(wanted: Standing) -> Standing:
    """Return what stands of all that is wanted; nothing where no program runs in it."""
    command = _entering(_TRIAL, Plan(Fence(), wanted, wanted, trial=True))
    if wanted.bwrap:
        command = bubblewrap.wrapped(command, Fence())
    try:
        with (
            tempfile.NamedTemporaryFile() as secret,
            socket.create_server(("127.0.0.1", 0)) as listening,
        ):
            secret.write(b"secret")
            secret.flush()
            asked = {"path": secret.name, "port": listening.getsockname()[1]}
            return _shown_by(_answer(command, asked))
    except OSError:  # a full disk, no loopback: then it is not known what stands
        return Standing()


def _answer(command: list[str], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        ended = ended_programs.run(
            command,
            given=json.dumps(asked).encode(),
            within_s=_TRIED_WITHIN_S,
            at_most=_ANSWER_BYTES,
            environment={},
        )
        told: Mapping[str, Any] = json.loads(ended.stdout) if not ended.returncode else {}
    except (OSError, ended_programs.NotEnded, ValueError):
        return {}
    return told


def _shown_by(told: Mapping[str, Any]) -> Standing:
    """Return what stands by a trial's answer; what let something through does not stand."""
    if not told:
        return Standing()
    found = Standing(**told["stands"])
    if told["reads"]:
        found = replace(found, bwrap=False, landlock=0)
    if told["connects"]:
        found = replace(found, bwrap=False, namespace=False, seccomp=False)
    return found

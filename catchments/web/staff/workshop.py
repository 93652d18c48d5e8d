"""Work that no web worker does itself: in a process of its own, with a limit to its time."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from catchments.errors import CatchmentsError
from catchments.logs import told_by
from catchments.settings import ROOT
from catchments.web.context import service

log = logging.getLogger(__name__)


class WorkFailed(CatchmentsError):
    """The process ended without an answer, or took too long."""


def done_elsewhere(module: str, *, given: bytes, within_s: float) -> bytes:
    """Return what a module of ours writes when it is run as a program on `given`.

    It finds this service's database in DATABASE_URL. Raises WorkFailed.
    """
    environment = {**os.environ, "DATABASE_URL": service().settings.database_url}
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", module],
            input=given,
            capture_output=True,
            cwd=ROOT,
            env=environment,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkFailed(
            f"It took longer than {within_s:.0f} seconds and was stopped; nothing was changed.",
            next_step="Try again; if it happens again, tell whoever runs the service.",
        ) from error
    if ended.returncode:
        where = told_by(ended.stderr.decode("utf-8", "replace"))
        log.error("%s ended with %s: %s", module, ended.returncode, where)
        raise WorkFailed(
            "The work ended without an answer; nothing was changed.",
            next_step="Try again; if it happens again, tell whoever runs the service.",
        )
    return ended.stdout

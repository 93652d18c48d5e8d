"""Log lines about events and never about people: one event a line, as JSON or as text.

What somebody typed may be an address, and an exception's message may quote it. So a line says where
something went wrong and of which kind it was, but repeats no exception's message, no source line
and no local variable, and of other people's libraries not even the message.
"""

from __future__ import annotations

import builtins
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catchments.core.errors import printable

SETTING = "CATCHMENTS_LOG"
TEXT, JSON = "text", "json"
OURS = ("catchments", "_granian", "granian")
"""Loggers whose messages are known to hold nothing that anybody typed."""
WITHHELD = "said something, withheld: it may hold what somebody typed"
About = Callable[[], Mapping[str, Any]]
_FRAME = re.compile(r'^ +File "(.{1,500})", line ([0-9]{1,6}), in ', re.MULTILINE)
_BUILT_IN = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Interrupt"))}
_ATTRIBUTE = "about"


def configure(kind: str, about: About = dict) -> None:
    """Write all logs of this process to standard error.

    `kind` is `json` or `text`; `about` returns what is known of the request that is being answered.
    """

    def knows(record: logging.LogRecord) -> bool:
        if not hasattr(record, _ATTRIBUTE):
            setattr(record, _ATTRIBUTE, about())
        return True

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(kind))
    handler.addFilter(knows)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("catchments").setLevel(logging.INFO)
    # A line that cannot be made would be printed with its arguments.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    # Python's last word on what nobody caught has the message in it.
    sys.excepthook = lambda _kind, error, _where: _uncaught(error)
    threading.excepthook = lambda found: _uncaught(found.exc_value)
    sys.unraisablehook = lambda found: _uncaught(found.exc_value)


def formatter(kind: str = "") -> logging.Formatter:
    """Return a formatter of a kind; of the one that the environment names where none is given."""
    chosen = kind or os.environ.get(SETTING) or TEXT
    return JsonLines() if chosen == JSON else TextLines()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line says of an event."""
    made: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record),
        "worker": record.process,
        **getattr(record, _ATTRIBUTE, {}),
    }
    if record.exc_info and record.exc_info[1] is not None:
        kinds = map(type, _chain(record.exc_info[1]))
        made["exception"] = [f"{kind.__module__}.{kind.__qualname__}" for kind in kinds]
        made["traceback"] = [*_frames(record.exc_info[1])]
    return made


def told_by(stderr: str) -> str:
    """Return what may be logged of a program's traceback: where, and which kind of exception."""
    # A message may look like a frame, or like a kind of exception: only what is one is repeated.
    where = [f"{path}:{line}" for path, line in _FRAME.findall(stderr) if Path(path).is_file()]
    last = stderr.rstrip().rpartition("\n")[2].partition(":")[0]
    return "; ".join([*where, last if last in _BUILT_IN else "an exception"])


class JsonLines(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return an event as an object; whatever else a record carries is left out."""
        return json.dumps(fields_of(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """For a terminal: the same as text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return an event as a line, and a line more for each frame of a traceback."""
        told = fields_of(record)
        frames = [f"    {frame}" for frame in told.pop("traceback", ())]
        head = [str(told.pop(name)) for name in ("time", "level", "logger", "message")]
        rest = [f"{name}={printable(str(value))}" for name, value in told.items()]
        return "\n".join([" ".join([*head, *rest]), *frames])


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] not in OURS:
        return f"{record.module}:{record.lineno} {WITHHELD}"
    return printable(record.getMessage())


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it came from, as a traceback shows them, the cause first."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    yield from reversed(seen)


def _frames(error: BaseException) -> Iterator[str]:
    for each in _chain(error):
        for frame, line in traceback.walk_tb(each.__traceback__):
            yield f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"


def _uncaught(error: BaseException | None) -> None:
    logging.getLogger("catchments").critical("nobody caught it", exc_info=error)

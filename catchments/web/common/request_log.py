"""The part of a log line that is about the request being answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import has_request_context, request

from catchments.core.settings import Settings
from catchments.runtime import logs
from catchments.web.front.metrics import about


def configure(settings: Settings) -> None:
    """Write this process's logs as its settings have it."""
    logs.configure(settings.log, _about)


def _about() -> Mapping[str, Any]:
    if not has_request_context():
        return {}
    rule = request.url_rule
    return about(request.environ, rule.rule if rule else None)

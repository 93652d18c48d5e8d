"""Our own files under addresses that change with their content, so that they are kept for good."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flask import Flask, Response, request

from catchments.lookup.guidance import FOLDER as GUIDANCE
from catchments.lookup.site_texts import FOLDER as SITE_TEXTS
from catchments.web.common.cache_control import FOR_GOOD

EXTENSION = "assets"
WRITTEN_IN = ("templates", "static", "translations")
"""Folders of `web/`."""


def register(app: Flask, others: Mapping[str, Path] = MappingProxyType({})) -> None:
    """Name the version in every static file's address, and let that address be kept for good.

    `others` are folders of such files beside the application's own, by endpoint.
    """
    endpoints = {"static", *others}
    web = Path(app.root_path)
    version = version_of(
        *(web / name for name in WRITTEN_IN), GUIDANCE, SITE_TEXTS, *others.values()
    )
    app.extensions[EXTENSION] = version

    def versioned(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in endpoints:
            values.setdefault("v", version)

    def kept(response: Response) -> Response:
        if request.endpoint in endpoints and request.args.get("v") == version:
            response.headers["Cache-Control"] = FOR_GOOD
        return response

    app.url_defaults(versioned)
    app.after_request(kept)


@cache
def content_of(path: Path) -> bytes:
    """Return what a file of ours holds, read once."""
    return path.read_bytes()


def version_of(*folders: Path) -> str:
    """Return a digest of all files of some folders, their names included."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

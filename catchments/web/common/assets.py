"""Our own files under addresses that change with their content, so that they are kept for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from catchments.lookup.guidance import FOLDER as GUIDANCE
from catchments.lookup.site_texts import FOLDER as SITE_TEXTS
from catchments.web.common.http_cache import FOR_GOOD

EXTENSION = "assets"
WRITTEN_IN = ("templates", "static", "translations")
"""Folders of `web/`."""


def register(app: Flask) -> None:
    """Name the version in every static file's address, and let that address be kept for good."""
    web = Path(app.root_path)
    version = version_of(*(web / name for name in WRITTEN_IN), GUIDANCE, SITE_TEXTS)
    app.extensions[EXTENSION] = version

    def versioned(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("v", version)

    def kept(response: Response) -> Response:
        if request.endpoint == "static" and request.args.get("v") == version:
            response.headers["Cache-Control"] = FOR_GOOD
        return response

    app.url_defaults(versioned)
    app.after_request(kept)


def version_of(*folders: Path) -> str:
    """Return a digest of all files of some folders, their names included."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

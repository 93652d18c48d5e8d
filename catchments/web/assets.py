"""Our own files under addresses that change with their content, so that they are kept for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from catchments.web.caching import FOR_GOOD

EXTENSION = "assets"
WRITTEN_IN = ("templates", "static", "translations")


def register(app: Flask) -> None:
    """Name the version in every static file's address, and let that address be kept for good."""
    version = version_of(Path(app.root_path))
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


def version_of(folder: Path) -> str:
    """Return a digest of how pages are written: another release has another."""
    digest = hashlib.sha256()
    for name in WRITTEN_IN:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

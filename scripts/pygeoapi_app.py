"""pygeoapi as it comes, on the boundaries as a GeoJSON file: the benchmark's baseline."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml
from flask import Flask


def pygeoapi_app() -> Flask:
    """Return pygeoapi's own Flask application; BENCH_GEOJSON names the file that it reads."""
    folder = Path(tempfile.mkdtemp(prefix="pygeoapi-"))
    config = _config(os.environ["BENCH_GEOJSON"])
    written, document = folder / "config.yml", folder / "openapi.yml"
    written.write_text(yaml.safe_dump(config))
    os.environ["PYGEOAPI_CONFIG"], os.environ["PYGEOAPI_OPENAPI"] = str(written), str(document)
    from pygeoapi.openapi import get_oas

    document.write_text(yaml.safe_dump(get_oas(config)))
    from pygeoapi.flask_app import APP, BLUEPRINT

    if BLUEPRINT.name not in APP.blueprints:
        APP.register_blueprint(BLUEPRINT)
    made: Flask = APP
    return made


def _config(path: str) -> dict[str, Any]:
    about = {"title": "Bench", "description": "Bench", "keywords": ["bench"]}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 5000},
            "url": "http://127.0.0.1:5000",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 100},
            "map": {"url": "http://127.0.0.1/", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**about, "terms_of_service": "none", "url": "http://127.0.0.1"},
            "license": {"name": "none", "url": "http://127.0.0.1"},
            "provider": {"name": "bench", "url": "http://127.0.0.1"},
            "contact": {"name": "bench"},
        },
        "resources": {
            "catchments": {
                "type": "collection",
                **about,
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
                "providers": [
                    {"type": "feature", "name": "GeoJSON", "data": path, "id_field": "id"}
                ],
            }
        },
    }

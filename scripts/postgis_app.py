"""The same questions asked of PostGIS by a plain Flask application: the benchmark's baseline."""

from __future__ import annotations

import os
import threading
from typing import Any

import psycopg
from flask import Flask, Response, jsonify, request

ABOUT = "code, name, education_region, provider_code, provider, phone, email, website"
BY_POINT = f"""
SELECT {ABOUT} FROM catchment_in_force
WHERE ST_Covers(geom, ST_SetSRID(ST_Point(%s, %s), 4326)) ORDER BY code LIMIT 1
"""
BY_SCHOOL = f"""
SELECT {ABOUT} FROM catchment_in_force
WHERE ST_Covers(geom, (
    SELECT ST_SetSRID(ST_Point(lng, lat), 4326) FROM school
    WHERE release_number = 1 AND school_id = %s
)) ORDER BY code LIMIT 1
"""


def postgis_app() -> Flask:
    """Return an application that asks the view `catchment_in_force` anew for each request."""
    app = Flask("postgis")
    kept = threading.local()

    def asked(query: str, *values: Any) -> Response:
        if not hasattr(kept, "connection"):
            url = os.environ["DATABASE_URL"]
            kept.connection = psycopg.connect(url, autocommit=True, prepare_threshold=1)
        cursor = kept.connection.execute(query, values)
        row = cursor.fetchone()
        names = [column.name for column in cursor.description]
        return jsonify(dict(zip(names, row, strict=True)) if row else None)

    @app.get("/provider")
    def provider() -> Response:
        if "school_id" in request.args:
            return asked(BY_SCHOOL, int(request.args["school_id"]))
        return asked(BY_POINT, float(request.args["lng"]), float(request.args["lat"]))

    return app

"""Joins points to areas with SedonaDB. Usage: sedonadb_join.py POINTS AREAS OUT, all Parquet."""

from __future__ import annotations

import sys

import sedonadb

JOIN = """
SELECT points.*, areas.code
FROM points
LEFT JOIN (SELECT code, ST_GeomFromWKB(wkb) AS geometry FROM areas) AS areas
ON ST_Intersects(areas.geometry, ST_Point(points.lng, points.lat))
"""


def main(points: str, areas: str, out: str) -> None:
    connection = sedonadb.connect()
    connection.read_parquet(points).to_view("points")
    connection.read_parquet(areas).to_view("areas")
    connection.sql(JOIN).to_parquet(out)


if __name__ == "__main__":
    main(*sys.argv[1:])

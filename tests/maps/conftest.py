"""A small country with crooked boundaries, two islands and an inhabitant who means no good."""

from __future__ import annotations

import math

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import (
    EDUCATION_REGIONS,
    Catchment,
    Edition,
    Provider,
    Source,
    SourceKind,
)
from catchments.geometry.coordinates import geometry_to_180

HOSTILE = (
    "{{7*191}}",
    "{{ cycler.__init__.__globals__ }}",
    "</script><script>alert(1)</script>",
    "`${alert(2)}`",
)


def crooked(fixed: float, start: float, stop: float, *, upright: bool) -> BaseGeometry:
    """A line of 200 bends around x = fixed (or y = fixed), from start to stop."""
    along = [start + (stop - start) * step / 200 for step in range(201)]
    across = [fixed + 0.02 * math.sin(19 * a) + 0.01 * math.sin(57 * a) for a in along]
    pairs = zip(across, along, strict=True) if upright else zip(along, across, strict=True)
    return shapely.linestrings(list(pairs))


def crooked_squares() -> list[BaseGeometry]:
    """Nine areas from 170° to 173° east that share crooked edges vertex for vertex."""
    lines = [crooked(170 + n, -42.2, -38.8, upright=True) for n in range(4)]
    lines += [crooked(-42 + n, 169.8, 173.2, upright=False) for n in range(4)]
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    return sorted(faces, key=lambda face: (-round(face.centroid.y), round(face.centroid.x)))


def coast_of(squares: list[BaseGeometry]) -> BaseGeometry:
    """Land that leaves out the outer part of the squares, a large island and an islet of 3 ha."""
    inner = shapely.union_all(squares).buffer(-0.3)
    island = shapely.Point(-176.5, -44.0).buffer(0.2)
    islet = shapely.Point(-176.0, -43.8).buffer(0.001)
    return shapely.union_all([inner, island, islet])


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture(scope="session")
def coast() -> BaseGeometry:
    return coast_of(crooked_squares())


@pytest.fixture(scope="session")
def edition() -> Edition:
    squares = [*crooked_squares(), geometry_to_180(shapely.box(179, -45, 185, -43))]
    codes = [f"ZZ-{n:02}" for n in range(len(squares))]
    names = [HOSTILE[n % len(HOSTILE)] for n in range(len(squares))]
    regions = [EDUCATION_REGIONS[n // 5] for n in range(len(squares))]
    return Edition(
        catchments={
            code: Catchment(code, name, region, f"P-{code}")
            for code, name, region in zip(codes, names, regions, strict=True)
        },
        boundaries=dict(zip(codes, squares, strict=True)),
        providers={
            f"P-{code}": Provider(f"P-{code}", name, name, name, name)
            for code, name in zip(codes, names, strict=True)
        },
        sources=(
            Source(
                kind=SourceKind.BOUNDARIES,
                title=HOSTILE[0],
                authority=HOSTILE[1],
                licence="CC0",
                release="2026",
                sha256="0" * 64,
                demonstration=True,
            ),
        ),
        number=7,
        title=HOSTILE[2],
    )

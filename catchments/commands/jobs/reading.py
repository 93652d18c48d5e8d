"""Uploaded files, read by a program: `python -m catchments.commands.jobs.reading`.

A file from outside may be broken, huge or hostile, and what reads it is large. So no web worker
does it: this program has limits to its memory and time, reads a `Wish` from its input and writes
a `Read` to its output.
"""

from __future__ import annotations

import sys
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, FileRefused, shown
from catchments.geometry.outlines import refuse_entangled, refuse_many_corners
from catchments.geometry.tiling.sketch import Sketch, sketched
from catchments.readers.formats.archives import MAX_UNPACKED_BYTES
from catchments.readers.reading_job import (
    Read,
    Sought,
    Wish,
    decoded_wish,
    encoded,
)
from catchments.readers.report import Report
from catchments.runtime.fence.limits import limit

LARGEST_BYTES = 3 << 30
LONGEST_S = 60
VERTICES_AT_MOST = 1_000_000
"""Of all that a file's area is put together from; what comes of it may have fewer."""
ROWS_AT_MOST = 100


def read(wish: Wish) -> Read:
    """Return what files hold, or why they are refused."""
    try:
        return _READERS[wish.sought](wish)
    except FileRefused as error:
        rows = list(error.rows)[:ROWS_AT_MOST]
        return Read(refused=str(error), rows=rows, sketch=_sketch(error))
    except CatchmentsError as error:
        return Read(refused=str(error))
    except (MemoryError, RecursionError):
        return Read(refused="The file is too large or too deeply nested to be read here.")


def _sketch(error: FileRefused) -> Sketch | None:
    """Return what there is to look at where boundaries were refused because they do not tile."""
    from catchments.readers.boundaries.coverage_refused import CoverageRefused

    if not isinstance(error, CoverageRefused):
        return None
    try:
        return sketched(error.boundaries, error.names, error.faults[:ROWS_AT_MOST])
    except shapely.errors.GEOSException:
        return None  # it stays refused, in words


def _area(wish: Wish) -> Read:
    from catchments.readers.formats.feature_polygons import boundary_of
    from catchments.readers.formats.vector_files import chosen_layers, read_layers

    path, report = Path(wish.paths[0]), Report()
    parts: list[BaseGeometry] = []
    wanted = [wish.layer] if wish.layer else []
    for layer in chosen_layers(read_layers(path, report), wanted, path, report):
        _refuse_many(layer.geometries, path)
        for number, geometry in enumerate(layer.geometries, start=1):
            where = f"layer {shown(layer.name)}, feature {number}"
            parts.append(
                boundary_of(geometry, wish.crs or layer.crs, path, where, report, layer=layer.name)
            )
    kept = [part for part in parts if part is not None]
    if not kept:
        raise FileRefused(
            f"{shown(path.name)} holds no polygon.",
            next_step="Export the map or layer that has the area.",
        )
    area = kept[0] if len(kept) == 1 else shapely.union_all(kept)
    refuse_many_corners(area)
    return Read(area=shapely.to_wkb(area), report=report)


def _catchments(wish: Wish) -> Read:
    from catchments.readers.boundaries.reading import read_boundaries

    came = read_boundaries(
        _paths(wish),
        known=wish.known,
        authority=wish.given.authority,
        licence=wish.given.licence,
        release=wish.given.release,
        name_field=wish.name_field,
        code_field=wish.code_field,
        provider_field=wish.provider_field,
        provider_code_field=wish.provider_code_field,
        region_field=wish.region_field,
        layer=wish.layer,
        source_crs=wish.crs,
        accept_overlaps=wish.accept_overlaps,
        accept_gaps=wish.accept_gaps,
    )
    kept = came.kept
    for code, boundary in came.boundaries.items():
        if code not in kept:
            _refuse_entangled(code, boundary)
    return Read(
        catchments=came.catchments,
        boundaries={
            c: shapely.to_wkb(each) for c, each in came.boundaries.items() if c not in kept
        },
        kept=kept,
        providers=came.providers,
        sources=list(came.sources),
        report=came.report,
        overlaps_accepted=came.overlaps_accepted,
        gaps_accepted=came.gaps_accepted,
    )


def _listings(wish: Wish) -> Read:
    from catchments.readers.lists.listings import read_listings

    found = read_listings(_paths(wish), schools=wish.schools, known=wish.known, given=wish.given)
    return Read(listings=found, report=found.report)


def _providers(wish: Wish) -> Read:
    from catchments.readers.lists.providers import read_providers

    found = read_providers(_paths(wish), known=wish.known, given=wish.given)
    return Read(provider_table=found, report=found.report)


def _schools_table(wish: Wish) -> Read:
    from catchments.readers.lists.decisions import read_schools_table

    found = read_schools_table(
        _paths(wish), schools=wish.schools, known=wish.known, given=wish.given
    )
    return Read(decisions=found, report=found.report)


def _providers_table(wish: Wish) -> Read:
    from catchments.readers.lists.decisions import read_providers_table

    found = read_providers_table(_paths(wish), known=wish.known, given=wish.given)
    return Read(decisions=found, report=found.report)


def _aliases(wish: Wish) -> Read:
    from catchments.readers.aliases import read_aliases

    found, report = read_aliases(Path(wish.paths[0]), schools=wish.schools)
    return Read(aliases=list(found), report=report)


def _paths(wish: Wish) -> list[Path]:
    return [Path(path) for path in wish.paths]


def _refuse_entangled(code: str, boundary: BaseGeometry) -> None:
    """Refuse what the service would have to look at, again and again, for longer than it may."""
    try:
        refuse_entangled(boundary)
    except ChangeDoesNotFit as error:
        raise FileRefused(
            f"The boundary of {shown(code)} goes to and fro over itself too often to be looked at.",
            allowed=error.allowed,
            next_step="Simplify it, or draw it again with fewer turns.",
        ) from error


def _refuse_many(geometries: object, path: Path) -> None:
    count = int(shapely.get_num_coordinates(list(geometries)).sum())  # type: ignore[call-overload]
    if count > VERTICES_AT_MOST:
        raise FileRefused(
            f"{shown(path.name)} has {count:,} vertices.",
            allowed=f"A file of an area may have {VERTICES_AT_MOST:,}.",
            next_step="Simplify it, or leave out what does not belong to it.",
        )


_READERS = {
    Sought.AREA: _area,
    Sought.CATCHMENTS: _catchments,
    Sought.LISTINGS: _listings,
    Sought.PROVIDERS: _providers,
    Sought.ALIASES: _aliases,
    Sought.SCHOOLS_TABLE: _schools_table,
    Sought.PROVIDERS_TABLE: _providers_table,
}


def main() -> None:
    """Read a wish from the input, and write what came of it to the output."""
    limit(memory_bytes=LARGEST_BYTES, processor_s=LONGEST_S, file_bytes=MAX_UNPACKED_BYTES)
    sys.stdout.buffer.write(encoded(read(decoded_wish(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()

"""Editions to rows and back. Every function works inside its caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import msgspec
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import NotKnown
from catchments.core.model import (
    AcceptedLoss,
    Catchment,
    Contract,
    Edition,
    EditionSummary,
    Provider,
    Source,
    SourceKind,
)
from catchments.store import schema
from catchments.store.drafts.change_json import wkb_and_sha256
from catchments.store.engine import inserted

_SUMMARY = [column for column in schema.edition.c if not column.name.endswith("_accepted")]


def summaries(connection: sa.Connection) -> list[EditionSummary]:
    """Return all published editions, withdrawn ones too, by number."""
    rows = connection.execute(sa.select(*_SUMMARY).order_by(schema.edition.c.number))
    return [EditionSummary(**row._mapping) for row in rows]


def read(connection: sa.Connection, number: int) -> Edition:
    """Return one edition whole. Raises NotKnown."""
    table = schema.edition
    row = connection.execute(sa.select(table).where(table.c.number == number)).one_or_none()
    if row is None:
        raise NotKnown(
            f"There is no edition {number}.",
            next_step="See `flask editions list` for those there are.",
        )
    listings = _pairs(connection, schema.edition_listing, number)
    return Edition(
        catchments=_keyed(connection, schema.edition_catchment, Catchment, number),
        boundaries=_boundaries(connection, number),
        providers=_keyed(connection, schema.edition_provider, Provider, number),
        listings={school: code for school, code in listings if code is not None},
        unserved=frozenset(school for school, code in listings if code is None),
        in_school_provision=dict(_pairs(connection, schema.edition_in_school_provision, number)),
        contracts=_contracts(connection, number),
        sources=_sources(connection, number),
        overlaps_accepted=row.overlaps_accepted,
        gaps_accepted=row.gaps_accepted,
        uncovered_accepted=_accepted_loss(row.uncovered_accepted),
        number=number,
        title=row.title,
        reason=row.reason,
        effective_from=row.effective_from,
    )


def write(
    connection: sa.Connection,
    edition: Edition,
    *,
    effective_from: date,
    published_at: datetime,
    draft_id: int | None,
    base_number: int | None,
    **who: str,
) -> int:
    """Insert one edition whole and return its number; `who` names its author and approvers."""
    number = _next_number(connection)
    connection.execute(
        schema.edition.insert().values(
            number=number,
            title=edition.title,
            reason=edition.reason,
            effective_from=effective_from,
            published_at=published_at,
            demonstration=edition.demonstration,
            overlaps_accepted=edition.overlaps_accepted,
            gaps_accepted=edition.gaps_accepted,
            uncovered_accepted=_json(edition.uncovered_accepted),
            draft_id=draft_id,
            base_number=base_number,
            **who,
        )
    )
    hashes = _write_boundaries(connection, edition.boundaries)
    _insert(connection, schema.edition_catchment, number, _catchment_rows(edition, hashes))
    _insert(connection, schema.edition_provider, number, _provider_rows(edition))
    _insert(connection, schema.edition_listing, number, _listing_rows(edition))
    _insert(
        connection,
        schema.edition_in_school_provision,
        number,
        [{"school_id": s, "note": note} for s, note in edition.in_school_provision.items()],
    )
    _insert(
        connection,
        schema.edition_source,
        number,
        [
            {"position": position, "source_id": write_source(connection, source)}
            for position, source in enumerate(edition.sources)
        ],
    )
    return number


def accepted_losses(connection: sa.Connection) -> dict[int, AcceptedLoss]:
    """Return the ground that editions left in no catchment on purpose, by their number."""
    table = schema.edition
    query = sa.select(table.c.number, table.c.uncovered_accepted)
    found = {
        row.number: _accepted_loss(row.uncovered_accepted) for row in connection.execute(query)
    }
    return {number: loss for number, loss in found.items() if loss}


def _accepted_loss(text: str | None) -> AcceptedLoss | None:
    return msgspec.json.decode(text, type=AcceptedLoss) if text else None


def _json(loss: AcceptedLoss | None) -> str | None:
    return msgspec.json.encode(loss).decode() if loss else None


def write_source(connection: sa.Connection, source: Source) -> int:
    """Insert a source and return its id."""
    return inserted(connection, schema.source, **asdict(source))


def source_from(row: Mapping[str, Any] | sa.RowMapping) -> Source:
    """Return the source that a row of its table holds."""
    values = {name: row[name] for name in Source.__dataclass_fields__}
    return Source(**{**values, "kind": SourceKind(values["kind"])})


def write_wkb(connection: sa.Connection, boundaries: Mapping[str, bytes]) -> None:
    """Insert those boundaries, by sha256, that are not there yet."""
    table = schema.boundary
    known = set(
        connection.scalars(sa.select(table.c.sha256).where(table.c.sha256.in_(list(boundaries))))
    )
    new = [{"sha256": k, "wkb": wkb} for k, wkb in boundaries.items() if k not in known]
    if new:
        connection.execute(table.insert(), new)


def read_boundaries(connection: sa.Connection, hashes: Iterable[str]) -> dict[str, BaseGeometry]:
    """Return boundaries by sha256."""
    table = schema.boundary
    rows = connection.execute(
        sa.select(table.c.sha256, table.c.wkb).where(table.c.sha256.in_(list(hashes)))
    )
    return {row.sha256: shapely.from_wkb(row.wkb) for row in rows}


def _next_number(connection: sa.Connection) -> int:
    latest = connection.scalar(sa.select(sa.func.max(schema.edition.c.number)))
    return (latest or 0) + 1


def _keyed(
    connection: sa.Connection, table: sa.Table, made: type[Any], number: int
) -> dict[str, Any]:
    columns = [table.c[name] for name in made.__dataclass_fields__]
    query = sa.select(*columns).where(table.c.edition_number == number).order_by(table.c.code)
    return {row.code: made(**row._mapping) for row in connection.execute(query)}


def _contracts(connection: sa.Connection, number: int) -> dict[str, Contract]:
    table = schema.edition_provider
    columns = (table.c.code, table.c.contract_starts, table.c.contract_ends, table.c.capacity)
    rows = connection.execute(sa.select(*columns).where(table.c.edition_number == number))
    found = {code: Contract(*terms) for code, *terms in rows}
    return {code: contract for code, contract in found.items() if contract != Contract()}


def _provider_rows(edition: Edition) -> Iterable[dict[str, Any]]:
    for code, provider in edition.providers.items():
        contract = edition.contracts.get(code, Contract())
        yield {
            **asdict(provider),
            "contract_starts": contract.starts,
            "contract_ends": contract.ends,
            "capacity": contract.capacity,
        }


def _pairs(connection: sa.Connection, table: sa.Table, number: int) -> Sequence[Any]:
    columns = [c for c in table.c if c.name != "edition_number"]
    query = sa.select(*columns).where(table.c.edition_number == number).order_by(columns[0])
    return [tuple(row) for row in connection.execute(query)]


def _boundaries(connection: sa.Connection, number: int) -> dict[str, BaseGeometry]:
    table = schema.edition_catchment
    joined = table.join(schema.boundary)
    query = (
        sa.select(table.c.code, schema.boundary.c.wkb)
        .select_from(joined)
        .where(table.c.edition_number == number)
        .order_by(table.c.code)
    )
    return {row.code: shapely.from_wkb(row.wkb) for row in connection.execute(query)}


def _sources(connection: sa.Connection, number: int) -> tuple[Source, ...]:
    table = schema.edition_source
    query = (
        sa.select(schema.source)
        .select_from(table.join(schema.source))
        .where(table.c.edition_number == number)
        .order_by(table.c.position)
    )
    return tuple(source_from(row) for row in connection.execute(query).mappings())


def sources(connection: sa.Connection) -> dict[int, tuple[Source, ...]]:
    """Return the sources of all editions, by number."""
    table = schema.edition_source
    query = (
        sa.select(table.c.edition_number, *schema.source.c)
        .select_from(table.join(schema.source))
        .order_by(table.c.edition_number, table.c.position)
    )
    found: dict[int, tuple[Source, ...]] = {}
    for row in connection.execute(query).mappings():
        number = row["edition_number"]
        found[number] = (*found.get(number, ()), source_from(row))
    return found


def _write_boundaries(
    connection: sa.Connection, boundaries: Mapping[str, BaseGeometry]
) -> dict[str, str]:
    made = {code: wkb_and_sha256(geometry) for code, geometry in boundaries.items()}
    write_wkb(connection, {sha256: wkb for wkb, sha256 in made.values()})
    return {code: sha256 for code, (_, sha256) in made.items()}


def _catchment_rows(edition: Edition, hashes: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {**asdict(catchment), "boundary_sha256": hashes.get(code)}
        for code, catchment in edition.catchments.items()
    ]


def _listing_rows(edition: Edition) -> list[dict[str, Any]]:
    listed: dict[int, str | None] = {**edition.listings, **dict.fromkeys(edition.unserved)}
    return [{"school_id": school, "catchment_code": code} for school, code in listed.items()]


def _insert(
    connection: sa.Connection, table: sa.Table, number: int, rows: Iterable[Mapping[str, Any]]
) -> None:
    numbered = [{"edition_number": number, **row} for row in rows]
    if numbered:
        connection.execute(table.insert(), numbered)

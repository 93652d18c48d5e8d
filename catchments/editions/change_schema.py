"""The schema of changes as JSON: feed, webhooks, history; a contract.

It is only ever added to; names of classes and their first lines stand in the OpenAPI document.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypedDict

from msgspec import Meta

Day = Annotated[str, Meta(description="YYYY-MM-DD.", extra_json_schema={"format": "date"})]
Codes = list[str]


class Standing(StrEnum):
    """What has become of an edition, as at today."""

    IN_FORCE = "in force"
    SCHEDULED = "scheduled"
    PAST = "past"
    REPLACED = "replaced"
    """By a later edition from the same day on."""
    WITHDRAWN = "withdrawn"


class ProviderChanged(TypedDict):
    """A catchment that another provider serves: the providers' codes."""

    code: Annotated[str, Meta(description="The catchment's.")]
    before: str | None
    after: str | None


class CatchmentsChanged(TypedDict):
    """Codes of catchments; `changed` is in name, region or provider."""

    added: Codes
    removed: Codes
    changed: Codes
    boundaries_changed: Codes
    provider_changed: list[ProviderChanged]


class ProvidersChanged(TypedDict):
    """Codes of providers; `changed` is in name or in how to reach them."""

    added: Codes
    removed: Codes
    changed: Codes


class NamedProvider(TypedDict):
    """A provider by code and name."""

    code: str
    name: str


class CodeChange(TypedDict):
    """A catchment's code before and after; null for none."""

    before: str | None
    after: str | None


class NamedProviderChange(TypedDict):
    """A provider before and after; null for none."""

    before: NamedProvider | None
    after: NamedProvider | None


class SchoolChange(TypedDict):
    """A school whose catchment, provider, or provider's details differ."""

    school_id: int
    catchment: CodeChange
    provider: NamedProviderChange


class ProvisionChange(TypedDict):
    """A school whose in-school provision differs: its note before and after; null for none."""

    school_id: int
    before: str | None
    after: str | None


class UnservedChanged(TypedDict):
    """Numbers of schools that begin, or stop, being on record as belonging to no catchment."""

    added: list[int]
    removed: list[int]


class Changes(TypedDict):
    """What an edition changed."""

    compared_with: Annotated[
        int | None,
        Meta(
            description="The edition that it was published on top of; null for a first one, which "
            "changes everything: read it whole."
        ),
    ]
    catchments: CatchmentsChanged
    providers: ProvidersChanged
    schools: list[SchoolChange]
    in_school_provision: Annotated[
        list[ProvisionChange],
        Meta(description="Empty for a first edition, as are `schools` and what follows."),
    ]
    listings_changed: Annotated[
        list[int],
        Meta(
            description="Numbers of schools that a list names for another catchment, newly or no "
            "longer; where `schools` lacks one, its catchment and provider are the same."
        ),
    ]
    unserved: UnservedChanged


class ToldEdition(TypedDict):
    """An edition and what it changed."""

    edition: Annotated[int, Meta(description="Its number.")]
    title: str
    reason: str
    effective_from: Day
    last_day: Annotated[Day | None, Meta(description="Null while no end is known.")]
    standing: Standing
    published_at: Annotated[
        str, Meta(description="UTC.", extra_json_schema={"format": "date-time"})
    ]
    demonstration: bool
    replaces: Annotated[
        int | None,
        Meta(
            description="The edition that it was published anew in the place of, since what it was "
            "put on has changed; null for none."
        ),
    ]
    url: Annotated[str, Meta(description="Its page in the history.")]
    changes: Annotated[Changes | None, Meta(description="Null for a withdrawn edition.")]

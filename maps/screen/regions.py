"""Regions as the screen colours them: a number each, north to south."""

from __future__ import annotations

from collections.abc import Mapping

from catchments.core.model import EDUCATION_REGIONS, Catchment, Edition
from catchments.geometry.neighbours import four_colouring

OTHER_REGION = len(EDUCATION_REGIONS)
"""The number of a region that is none of the twelve."""
COLOURS = 6
"""How many colours the style sheet has for providers."""


def region_number(region: str) -> int:
    """Return a region's place among the twelve, counted from 0, or `OTHER_REGION`."""
    return EDUCATION_REGIONS.index(region) if region in EDUCATION_REGIONS else OTHER_REGION


def provider_colours(edition: Edition) -> Mapping[str, int]:
    """Return a colour for each catchment by code: one a provider, another than its neighbours'."""
    groups = {code: _held_by(each) for code, each in edition.catchments.items()}
    found = four_colouring(edition.boundaries, groups)
    return {code: at % COLOURS for code, at in found.items()}


def _held_by(catchment: Catchment) -> str:
    """Return what parts a provider's catchments from others'; one without provider is by itself."""
    return f"P {catchment.provider_code}" if catchment.provider_code else f"C {catchment.code}"


def properties(
    catchment: Catchment | None, code: str, colour: int, *, at_sea: bool = False
) -> dict[str, object]:
    """Return what the map is told of a catchment beside its lines: no text but its code."""
    region = catchment.education_region if catchment else ""
    told = {"code": code, "colour": colour, "region": region_number(region)}
    return {**told, "sea": True} if at_sea else told

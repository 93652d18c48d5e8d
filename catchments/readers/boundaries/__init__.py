"""Boundaries: other people's files and our own, to catchments, boundaries and providers."""

from catchments.readers.boundaries.reading import BoundaryReading, are_made_up, read_boundaries

__all__ = ["BoundaryReading", "are_made_up", "read_boundaries"]

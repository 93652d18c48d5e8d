"""Boundaries: other people's files and our own, to catchments, boundaries and providers."""

from catchments.readers.boundaries.reading import BoundaryReading, read_boundaries

__all__ = ["BoundaryReading", "read_boundaries"]

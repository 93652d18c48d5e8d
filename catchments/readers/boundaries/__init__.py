"""Boundaries: other people's files and our own, to catchments, boundaries and providers."""

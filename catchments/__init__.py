"""The domain of the attendance service's catchments, and its doors."""

__version__ = "0.17.0"
"""Of the software; the contract of the API has a version of its own (`web.v1.openapi.VERSION`).

`[project]` in pyproject.toml and the newest section of CHANGELOG.md say the same: a test holds them
together, since a server may run where neither file is.
"""

"""Readers of other people's files: each gives plain model objects and a report, or refuses."""

"""Upkeep of a database: backup and restore, moving to another, PostgreSQL's own programs."""

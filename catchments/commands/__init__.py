"""The `flask` command line: one command a kind of file, and the editions."""

from __future__ import annotations

from flask import Flask

from catchments.commands import directory, editions, imports, setup


def register(app: Flask) -> None:
    """Add every command to an application."""
    app.cli.add_command(directory.schools)
    app.cli.add_command(imports.catchments)
    app.cli.add_command(imports.providers)
    app.cli.add_command(imports.listings)
    app.cli.add_command(editions.editions)
    app.cli.add_command(setup.setup)
    app.cli.add_command(setup.serve)

"""All commands, for `flask`: some at once, groups when they are used."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib import import_module, metadata

import click
from flask import Flask
from flask.cli import FlaskGroup

from catchments import __version__
from catchments.commands import resolving, setup
from catchments.commands.upkeep import backing_up, moving, settings


class Later(click.Group):
    """A group whose module is imported when it is used: readers of files take a second to load."""

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._module = module

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the group's commands."""
        return self._loaded().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one of the group's commands."""
        return self._loaded().get_command(ctx, cmd_name)

    def _loaded(self) -> click.Group:
        group: click.Group = getattr(import_module(self._module), self.name or "")
        return group


GROUPS = (
    Later("schools", "catchments.commands.directory", "The Ministry's school directory."),
    Later("aliases", "catchments.commands.directory", "What people call schools."),
    Later("catchments", "catchments.commands.imports", "Catchments and their boundaries."),
    Later("providers", "catchments.commands.imports", "Providers and what they serve."),
    Later("listings", "catchments.commands.imports", "Lists of the schools in each catchment."),
    Later("editions", "catchments.commands.editions", "Published editions and drafts."),
    Later("addresses", "catchments.commands.addresses", "The street addresses that are known."),
    Later("basemap", "catchments.commands.upkeep.basemap", "Roads, lakes and rivers on the map."),
    Later("audit", "catchments.commands.audit", "The trail of what staff did."),
    Later("keys", "catchments.commands.keys", "Keys for services that ask often."),
    Later("notices", "catchments.commands.notices", "What schools and providers are told."),
    Later("secrets", "catchments.commands.keys", "Secrets in the database, and their keys."),
    Later("staff", "catchments.commands.staff", "People who sign in, and their roles."),
)


def register(app: Flask) -> None:
    """Add every command to an application."""
    alone = (setup.setup, setup.serve, moving.move_database, resolving.resolve, settings.settings)
    backups = (backing_up.backup, backing_up.verify_backup, backing_up.restore)
    for command in (*GROUPS, *alone, *backups):
        app.cli.add_command(command)


def command_line(create_app: Callable[[], Flask]) -> FlaskGroup:
    """Return `flask` as it is here: it works from any folder, and says this project's version."""
    # A .env of whatever folder it is typed in is no place of settings of ours.
    # Flask's own command answers --version before it looks for an application, and for itself.
    group = FlaskGroup(
        name="flask", create_app=create_app, add_version_option=False, load_dotenv=False
    )
    libraries = "".join(f"\n{name} {metadata.version(name)}" for name in ("Flask", "Werkzeug"))
    said = f"%(prog)s %(version)s\nPython {platform.python_version()}{libraries}"
    version = click.version_option(__version__, prog_name="catchments", message=said)
    return version(group)

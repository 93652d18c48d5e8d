"""Puts the command line together: settings, store, commands; pages are for those who serve them.

The application that a server needs is `catchments.web.application`: a command imports none of it.
"""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import routes_command, run_command, shell_command

from catchments.commands import groups
from catchments.core.errors import CatchmentsError
from catchments.core.settings import Settings
from catchments.lookup.guidance import shipped_guides
from catchments.lookup.site_texts import shipped_pages
from catchments.web.common.services import EXTENSION, Services

REQUESTS = "catchments.requests.commands", "Requests for support, an application of its own."
"""The commands of requests for support: where they are, and what they are of."""
WITH_PAGES = (run_command, shell_command, routes_command)
"""Flask's own commands, which ask for every page."""


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application with its command line; it has pages for Flask's own commands alone."""
    try:
        app = _made(settings or Settings.from_environment())
    except CatchmentsError as error:  # such as a DATABASE_URL that is none: one line, no traceback
        raise click.ClickException(str(error)) from error
    groups.register(app)
    app.cli.add_command(groups.Later("requests", *REQUESTS))
    return app


def _made(settings: Settings) -> Flask:
    context = click.get_current_context(silent=True)
    if context is not None and context.command in WITH_PAGES:
        from catchments.web.application import web_app

        return web_app(settings)
    app = Flask("catchments")
    app.extensions[EXTENSION] = Services.of(settings)
    # What would stop every worker is told here, once.
    shipped_guides()
    shipped_pages()
    return app


if __name__ == "__main__":
    groups.command_line(create_app).main(prog_name="flask")

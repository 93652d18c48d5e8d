"""`flask settings`: which settings there are and where each came from; never their values."""

from __future__ import annotations

import click


@click.command()
def settings() -> None:
    """Say."""

"""`flask staff`: the accounts of the staff pages."""

from __future__ import annotations

import sys

import click

from catchments.commands.console import refusing, say, store, table
from catchments.core.roles import MAY, Action, Person, Role
from catchments.store.accounts.factors import Factors
from catchments.store.accounts.passwords import checked_password
from catchments.store.accounts.people import People
from catchments.store.accounts.rows import FIRST_PASSWORD_HOLDS

_ROLES = click.Choice([str(role) for role in Role])
_PIPED = click.option(
    "--password-stdin", "piped", is_flag=True, help="Read the password from standard input."
)


@click.group()
def staff() -> None:
    """People who sign in to /staff, and their roles."""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="As it stands in the audit trail.")
@click.option("--email", required=True)
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help="Repeatable.")
@click.option("--no-password", is_flag=True, help="They sign in through OpenID Connect alone.")
@_PIPED
@refusing
def add(
    login: str, name: str, email: str, roles: tuple[str, ...], no_password: bool, piped: bool
) -> None:
    """Make an account. The password is asked for, unless it is piped in; there is no default."""
    people = People(store())
    password = "" if no_password else _password(piped)
    made = people.add(
        login=login, name=name, email=email, roles=[*map(Role, roles)], password=password
    )
    say(f"{made.login} may sign in: {_roles(made)}.")
    if password:
        say(f"{made.login} is asked to make a password of their own, {_within()}.")
    else:
        say("They are known by their e-mail address when they first sign in elsewhere.")


@staff.command("list")
@refusing
def list_people() -> None:
    """List everybody with an account."""
    headings = ("Login", "Name", "Email", "Roles", "State", "Made (UTC)")
    rows = (
        (p.login, p.name, p.email, _roles(p), _state(p), p.created_at.isoformat(" ", "minutes"))
        for p in People(store()).all()
    )
    table("People", headings, rows)


@staff.command("roles")
@click.argument("login", required=False)
@click.argument("roles", type=_ROLES, nargs=-1)
@refusing
def set_roles(login: str | None, roles: tuple[str, ...]) -> None:
    """Give LOGIN exactly these roles; without LOGIN, say what each role may do."""
    if login is None:
        may = {role: [action for action in Action if role in MAY[action]] for role in Role}
        table("Roles", ("Role", "May"), ((role, "; ".join(may[role])) for role in Role))
        return
    people = People(store())
    people.set_roles(login, [*map(Role, roles)])
    say(f"{login}: {_roles(people.person(login))}. They have to sign in anew.")


@staff.command("disable")
@click.argument("login")
@refusing
def disable(login: str) -> None:
    """End an account: signed out at once; what they did stays on record."""
    People(store()).disable(login)
    say(f"{login} is disabled and signed out.")


@staff.command("enable")
@click.argument("login")
@refusing
def enable(login: str) -> None:
    """Open an account that was disabled, or locked by wrong passwords."""
    People(store()).enable(login)
    say(f"{login} may sign in.")


@staff.command("password")
@click.argument("login")
@_PIPED
@refusing
def set_password(login: str, piped: bool) -> None:
    """Give LOGIN a new password; they are signed out everywhere."""
    people = People(store())
    people.person(login)  # or says that there is nobody, before it asks
    people.set_password(login, _password(piped))
    say(f"{login} has a new password. They are asked to make their own, {_within()}.")


@staff.command("reset-factors")
@click.argument("login")
@refusing
def reset_factors(login: str) -> None:
    """Forget the app, the passkeys and the recovery codes of LOGIN, who has lost them."""
    Factors(store()).reset(login)
    say(f"{login} has no second step, and is signed out.")
    say("Unless their role needs none they set up a new one when they next sign in.")


@staff.command("unlink")
@click.argument("login")
@refusing
def unlink(login: str) -> None:
    """Forget who LOGIN is to the OpenID Connect provider, to match them by e-mail again."""
    people = People(store())
    people.unlink(login)
    say(f"{login} is unlinked.")
    found = people.known(login)
    if found and found.has_password:
        say(f"With a password they are not matched by e-mail: `flask staff elsewhere {login}`.")


@staff.command("elsewhere")
@click.argument("login")
@refusing
def elsewhere(login: str) -> None:
    """Have LOGIN sign in through OpenID Connect alone: their password ends."""
    People(store()).sign_in_elsewhere_only(login)
    say(f"{login} signs in elsewhere; the first time they are known by their e-mail address.")


def _within() -> str:
    return f"within {FIRST_PASSWORD_HOLDS.days} days"


def _password(piped: bool) -> str:
    if piped:
        return checked_password(sys.stdin.readline().rstrip("\r\n"))
    return checked_password(
        click.prompt("Password", hide_input=True, confirmation_prompt="Password again")
    )


def _roles(person: Person) -> str:
    return ", ".join(role for role in Role if role in person.roles)


def _state(person: Person) -> str:
    return "disabled" if person.disabled_at else "open"

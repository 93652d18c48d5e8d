"""`flask requests …`: set up, people, keys, demonstration and purging of requests for support."""

from __future__ import annotations

import os

import click

from catchments.commands.console import progress, refusing, say
from catchments.commands.serving import granian, refuse_taken_port
from catchments.commands.upkeep.trail_verdicts import say_verdict
from catchments.core.errors import InputRefused, shown
from catchments.core.settings import ROOT
from catchments.requests.lookup import Lookup
from catchments.requests.rules.roles import ROLES_OF, CaseRole, OrganisationKind
from catchments.requests.settings import RequestsSettings
from catchments.requests.store.database import RequestsDatabase, protect
from catchments.requests.store.inviting import new_account
from catchments.requests.store.organisations import Organisations
from catchments.requests.store.purging import Purging
from catchments.requests.store.sealed import SEALED
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store.accounts.people import People
from catchments.store.integrity.sealed_columns import seal_some_at_a_time
from catchments.store.integrity.verifying import verify as verified

SERVED = "catchments.requests.application:serve_app"


@click.group()
def requests() -> None:
    """Requests for support: an application of its own, with a database of its own."""


@requests.command()
@refusing
def setup() -> None:
    """Create or upgrade the database of requests, and see that its keys are there."""
    _opened()
    say("The database of requests is ready.")


@requests.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8100, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@refusing
def serve(host: str, port: int, workers: int) -> None:
    """Set up what is missing, then serve requests for support until told to stop."""
    refuse_taken_port(host, port)
    _opened()
    say(f"Requests for support are at http://{host}:{port}/ – stop with Ctrl-C.")
    os.chdir(ROOT)
    command = granian(SERVED, host, port, workers)
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell


@requests.command()
@click.argument("email")
@click.option("--name", required=True, help="Their name.")
@click.option("--school", type=int, help="The number of the school that they belong to.")
@click.option("--team", type=int, help="The number of the school whose own team they are in.")
@click.option("--provider", help="The code of the provider that they belong to.")
@click.option("--ministry", is_flag=True, help="They see figures, and never a case.")
@refusing
def authoriser(
    email: str,
    name: str,
    school: int | None,
    team: int | None,
    provider: str | None,
    ministry: bool,
) -> None:
    """Make somebody the delegated authoriser of an organisation; they invite everybody else.

    With --ministry they see the figures as well. A first password is printed once.
    """
    database, settings = _opened(), RequestsSettings.from_environment()
    kind, key, called = _organisation(settings, school, team, provider, ministry)
    organisations, people = Organisations(database), People(database)
    into = organisations.ensure(kind, key, called)
    known = people.known(email)
    person, first = (known.person, "") if known else new_account(people, email, name)
    here = organisations.viewer(person.id).memberships
    held = {each.role for each in here if each.organisation == into.id}
    also = {CaseRole.AUTHORISER, CaseRole.FIGURES} & ROLES_OF[kind]
    organisations.set_roles(person.id, into.id, held | also)
    say(f"{person.name} is a delegated authoriser of {into.name}.")
    if first:
        say(f"Login {person.login}, first password {first} – shown this once.")


@requests.command()
@refusing
def rotate() -> None:
    """Seal everything anew under the first of CATCHMENTS_REQUESTS_DATA_KEY."""
    done, stuck = seal_some_at_a_time(_found(), SEALED)
    say(f"Values sealed anew: {done:,}.")
    for sentence in stuck:
        say(sentence)
    if stuck:
        raise SystemExit(1)


@requests.command()
@click.option("--expect", default="", help="A hash that was kept elsewhere; it must be in there.")
@click.option("--without-key", is_flag=True, help="Check what can be without the data key.")
@refusing
def verify(expect: str, without_key: bool) -> None:
    """Check every entry of the audit trail; exit with 1 where one is not what was written."""
    database = _found()
    found = verified(database, expect=expect, contents=False, sealed=SEALED)
    say_verdict(found, contents=False, without_key=without_key, set_up_with=database.set_up_with)


@requests.command()
@click.option("--years", type=click.IntRange(1, 100), help="In place of what is set.")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only counted.")
@refusing
def purge(years: int | None, yes: bool) -> None:
    """Remove cases that were closed some years ago, with all that was said in them."""
    database, settings = _found(), RequestsSettings.from_environment()
    after = years or settings.kept_years
    if not yes:
        due = len(Purging(database).due(after))
        say(f"Cases that were closed {after} years ago or more: {due:,}. Nothing was removed.")
        say("With --yes they are removed, and cannot be brought back but from a backup.")
        return
    say(f"Cases removed: {Purging(database).purge(after):,}.")


@requests.command()
@refusing
def demonstrate() -> None:
    """Fill an empty database with people and cases that are made up; passwords are shown once."""
    from catchments.requests.demonstration import fill

    database, settings = _opened(), RequestsSettings.from_environment()
    if Organisations(database).all(*OrganisationKind):
        say("The database of requests is not empty: nothing was made up.")
        return
    with progress() as called:
        logins = fill(database, _lookup(settings), today=today_in_new_zealand(), progress=called)
    say("Everybody and everything in requests for support is made up. Passwords, shown this once:")
    for login, (what, password) in logins.items():
        say(f"  {login}  {password}  {what}")


def _opened() -> RequestsDatabase:
    """Return the database, made or brought up to date if need be, and under its keys."""
    database = _as_it_is()
    database.migrate()
    protect(database)
    return database


def _found() -> RequestsDatabase:
    """Return the database that was set up: what reads makes nothing. Raises NothingPublished."""
    database = _as_it_is()
    database.refuse_unless_set_up()
    return database


def _as_it_is() -> RequestsDatabase:
    database = RequestsDatabase.of(RequestsSettings.from_environment().accounts)
    click.get_current_context().call_on_close(database.close)
    return database


def _lookup(settings: RequestsSettings) -> Lookup:
    return Lookup(settings.lookup_url, key=settings.lookup_key)


def _organisation(
    settings: RequestsSettings,
    school: int | None,
    team: int | None,
    provider: str | None,
    ministry: bool,
) -> tuple[OrganisationKind, str, str]:
    """Return kind, key and name of the one organisation that was asked for."""
    if [school, team, provider, ministry or None].count(None) != 3:
        raise InputRefused(
            "Say which one organisation it is.",
            allowed="Give one of --school, --team, --provider and --ministry.",
        )
    if ministry:
        return OrganisationKind.MINISTRY, "ministry", "Ministry of Education"
    lookup = _lookup(settings)
    if provider:
        called = lookup.provider_name(provider)
        return OrganisationKind.PROVIDER, provider, called
    number = school or team or 0
    served = lookup.served(number, today_in_new_zealand())
    if team and not served.in_school_provision:
        raise InputRefused(
            f"{shown(served.school_name)} has no in-school provision.",
            next_step="Leave its people in the school itself.",
        )
    if team:
        return (
            OrganisationKind.IN_SCHOOL_TEAM,
            str(number),
            f"In-school team of {served.school_name}",
        )
    return OrganisationKind.SCHOOL, str(number), served.school_name

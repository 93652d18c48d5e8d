"""`flask staff`: accounts made, listed and ended from the command line."""

from __future__ import annotations

import pytest

from catchments.core.roles import Role
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from tests.staff import PASSWORD, add_person
from tests.worlds import HOSTILE

NEW = "another long password"
HANA = ("staff", "add", "hana", "--name=Hana", "--email=hana@ministry.example", "--role=editor")


@pytest.fixture
def people(store):
    return People(store)


@pytest.fixture
def typing(app):
    """Run a command and type on its terminal."""

    def typed(*words, text, ok=True):
        with app.app_context():
            result = app.test_cli_runner().invoke(args=list(words), input=text)
        assert (result.exit_code == 0) == ok, result.output
        return result

    return typed


def test_an_account_is_made_with_a_password_typed_twice(typing, people):
    result = typing(*HANA, "--role=approver", text=f"{PASSWORD}\n{PASSWORD}\n")
    assert "hana may sign in: editor, approver." in result.output
    assert PASSWORD not in result.output
    assert people.sign_in("hana", PASSWORD).roles == {Role.EDITOR, Role.APPROVER}


def test_a_password_that_is_mistyped_is_asked_for_again(typing, people):
    text = f"{PASSWORD}\n{PASSWORD}x\n{PASSWORD}\n{PASSWORD}\n"
    typing(*HANA, text=text)
    assert people.sign_in("hana", PASSWORD)


def test_a_password_can_be_piped_in(typing, people):
    typing(*HANA, "--password-stdin", text=f"{PASSWORD}\n")
    assert people.sign_in("hana", PASSWORD)


@pytest.mark.parametrize("text", ["", "\n", "elevenchars\n", "p" * 1001 + "\n"])
def test_there_is_no_account_without_a_good_password(typing, people, text):
    result = typing(*HANA, "--password-stdin", text=text, ok=False)
    assert "12 to 1,000" in result.output
    assert people.all() == []


def test_whoever_signs_in_elsewhere_needs_no_password(run, people):
    run(*HANA, "--no-password")
    assert people.sign_in("hana", "") is None
    assert people.sign_in_elsewhere("u-1", "hana@ministry.example")


@pytest.mark.parametrize(
    "words",
    [
        ("staff", "add", "hana", "--name=Hana", "--email=hana@ministry.example", "--no-password"),
        (*HANA[:-1], "--role=emperor", "--no-password"),
        (*HANA[:3], "--name=", *HANA[4:], "--no-password"),
        ("staff", "roles", "ana"),
        ("staff", "roles", "nobody", "reader"),
        ("staff", "disable", "nobody"),
        ("staff", "disable", "ana"),
        ("staff", "roles", "ana", "editor"),
        ("staff", "enable", HOSTILE),
        ("staff", "unlink", "nobody"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(run, store, people, words):
    ana = add_person(store, "ana", Role.ADMINISTRATOR)
    run(*words, ok=False)
    assert people.all() == [ana]


def test_nobody_is_asked_for_a_password_of_an_account_that_is_not_there(run, store):
    assert "no account “nobody”" in run("staff", "password", "nobody", ok=False).output


def test_accounts_are_listed_with_hostile_names_as_text(run, store, people):
    people.add(login="h", name=HOSTILE, email="h@ministry.example", roles={Role.READER})
    add_person(store, "gone")
    run("staff", "disable", "gone")
    listed = run("staff", "list").output
    assert "{{7*191}}" in listed
    assert "disabled" in next(line for line in listed.splitlines() if "gone" in line)


def test_roles_are_said_and_given(run, store, people):
    add_person(store, "hana", Role.READER)
    said = run("staff", "roles").output
    assert all(role in said for role in Role)
    run("staff", "roles", "hana", "editor", "approver")
    assert people.person("hana").roles == {Role.EDITOR, Role.APPROVER}


def test_an_account_is_ended_opened_and_given_a_new_password(run, typing, store, people):
    add_person(store, "hana")
    run("staff", "disable", "hana")
    assert people.sign_in("hana", PASSWORD) is None
    run("staff", "enable", "hana")
    assert people.sign_in("hana", PASSWORD)
    typing("staff", "password", "hana", "--password-stdin", text=f"{NEW}\n")
    assert people.sign_in("hana", PASSWORD) is None
    assert people.sign_in("hana", NEW)


def test_what_the_command_line_does_is_on_record(run, store, people):
    add_person(store, "hana")
    people.sign_in_elsewhere("u-1", "hana@ministry.example")
    run("staff", "unlink", "hana")
    last = AuditTrail(store).last()
    assert (last.actor, last.action, last.subject) == (
        "command line",
        "person.unlink",
        "person hana",
    )

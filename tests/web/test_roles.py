"""Every staff page and action is open to whoever has a role for it, and to nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, IntegerConverter, Rule, UUIDConverter
from werkzeug.test import TestResponse

from catchments.core.roles import MAY, Action, Role
from catchments.store.accounts.people import People
from catchments.web.accounts.access import OPEN, actions_of, is_staff_path, requires
from tests.staff import add_person, csrf_token, sign_in
from tests.worlds import running_application, store_of

pytestmark = pytest.mark.every_case

LET_IN = {200, 204, 302, 303, 400, 404, 409, 412}
SIGN_IN = "/staff/sign-in"
OPEN_TO_ALL = {
    "accounts.sign_in",
    "accounts.sign_in_with_password",
    "accounts.sign_out",
    "accounts.second_step_page",
    "accounts.second_step_code",
    "accounts.second_step_passkey",
    "accounts.oidc_start",
    "accounts.oidc_back",
    "accounts.oidc_check",
    "accounts.oidc_logout",
}


@pytest.fixture(scope="module")
def app(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    copy = shutil.copy(small_database, tmp_path_factory.mktemp("roles") / "roles.sqlite")
    with running_application(copy) as made:
        store = store_of(made)
        for role in Role:
            add_person(store, role, role)
        # So that the walk's administrator is not the last, and nothing is refused for that.
        add_person(store, "another", Role.ADMINISTRATOR)
        yield made


def staff_rules(app: Flask) -> list[tuple[Rule, str]]:
    """Every staff address with every method that it takes."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if is_staff_path(rule.rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def guarded_rules(app: Flask) -> list[tuple[Rule, str, frozenset[Action]]]:
    rules = [(rule, method, actions_of(rule.endpoint)) for rule, method in staff_rules(app)]
    return [each for each in rules if each[2]]


def address(app: Flask, rule: Rule) -> str:
    """An address of a rule, with arguments that its converters take and that nothing has."""
    values = {name: sample(converter) for name, converter in rule._converters.items()}
    return app.url_map.bind("localhost").build(rule.endpoint, values)


def sample(converter: object) -> object:
    if isinstance(converter, IntegerConverter):
        return 999_999
    if isinstance(converter, UUIDConverter):
        return "00000000-0000-4000-8000-000000000000"
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return "x"


def ask(client: FlaskClient, method: str, url: str, token: str = "") -> TestResponse:
    data = {"csrf_token": token} if token else None
    return client.open(url, method=method, data=data)


@pytest.fixture
def rules(app: Flask) -> list[tuple[Rule, str, frozenset[Action]]]:
    with app.app_context():
        found = guarded_rules(app)
    assert len(found) > 15
    return found


def test_every_staff_page_says_which_action_it_is_for(app):
    with app.app_context():
        asked = {rule.endpoint: actions_of(rule.endpoint) for rule, _ in staff_rules(app)}
    assert [endpoint for endpoint, actions in asked.items() if actions is None] == []
    assert {endpoint for endpoint, actions in asked.items() if actions == OPEN} == OPEN_TO_ALL


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_it_is_for_and_nothing_else(app, rules, client, role):
    sign_in(client, role)
    token = csrf_token(client)
    wrong = []
    for rule, method, actions in rules:
        may = any(role in MAY[action] for action in actions)
        response = ask(client, method, address(app, rule), token if method != "GET" else "")
        to_sign_in = response.headers.get("Location", "").startswith(SIGN_IN)
        allowed = response.status_code in LET_IN and not to_sign_in
        refused = response.status_code == 403 and "ask an administrator" in response.text
        if (allowed, refused) != (may, not may):
            wrong.append((role, method, rule.rule, response.status))
    assert wrong == []


def test_nobody_is_let_in_without_signing_in(app, rules, client):
    token = csrf_token(client)
    for rule, method, _ in rules:
        response = ask(client, method, address(app, rule), token)
        assert response.status_code == 303, (method, rule.rule)
        assert response.headers["Location"].startswith(f"{SIGN_IN}?next=/staff"), rule.rule


def test_an_account_that_is_disabled_meanwhile_is_let_in_nowhere(app, rules, client):
    store = store_of(app)
    add_person(store, "leaving", Role.ADMINISTRATOR)
    sign_in(client, "leaving")
    token = csrf_token(client)
    assert client.get("/staff/people").status_code == 200
    People(store).disable("leaving")
    for rule, method, _ in rules:
        response = ask(client, method, address(app, rule), token)
        assert response.status_code == 303, (method, rule.rule)
        assert response.headers["Location"].startswith(SIGN_IN), rule.rule


def test_no_form_is_taken_without_its_token(app, rules, client):
    sign_in(client, Role.ADMINISTRATOR)
    for rule, method, _ in rules:
        if method == "GET":
            continue
        response = ask(client, method, address(app, rule))
        assert response.status_code == 400, (method, rule.rule)
        assert "The form was too old" in response.text, rule.rule


def test_a_refusal_says_which_role_is_needed(client):
    sign_in(client, Role.READER)
    response = client.get("/staff/people")
    assert response.status_code == 403
    assert "It needs the role administrator." in response.text


@pytest.mark.parametrize("url", ["/staff/forgotten", "/staff/elsewhere"])
def test_a_page_that_does_not_say_whom_it_is_for_is_open_to_nobody(small_copy, url):
    with running_application(small_copy) as app:
        app.add_url_rule("/staff/forgotten", "staff.forgotten", lambda: "secret")
        app.add_url_rule("/staff/elsewhere", "elsewhere", lambda: "secret")
        add_person(store_of(app), "ana", Role.ADMINISTRATOR)
        client = app.test_client()
        assert client.get(url).status_code == 403
        sign_in(client, "ana")
        response = client.get(url)
    assert response.status_code == 403
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("role", "status"), [(Role.READER, 403), (Role.EDITOR, 200), (Role.ADMINISTRATOR, 200)]
)
def test_the_guard_holds_for_pages_of_any_blueprint(small_copy, role, status):
    with running_application(small_copy) as app:
        view = requires(Action.EDIT)(lambda: "in")
        app.add_url_rule("/staff/new", "new", view)
        add_person(store_of(app), "ana", role)
        client = app.test_client()
        sign_in(client, "ana")
        assert client.get("/staff/new").status_code == status

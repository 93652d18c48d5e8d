"""Addresses are made of rules that are compiled late as they are of any other."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule

from app import web_app
from catchments.core.settings import Settings
from catchments.web.front.late_rules import LateRule
from tests.worlds import store_of


@pytest.mark.parametrize("values", [{"name": "a b"}, {"name": "ā", "more": "&="}, {}])
def test_an_address_is_the_one_that_werkzeug_makes(values: dict[str, str]) -> None:
    def made(kind: type[Rule]) -> list[object]:
        rule = kind("/x/<name>", endpoint="x", defaults={"kind": "y"})
        Map([rule], converters=None)
        if not values:
            return [rule.arguments]
        return [rule.build(values, append_unknown=each) for each in (True, False, True)]

    assert made(LateRule) == made(Rule)


def test_no_rule_is_compiled_before_its_address_is_wanted(
    monkeypatch: pytest.MonkeyPatch, client: FlaskClient
) -> None:
    def compile_now(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(Rule, "_compile_builder", compile_now)
    app = web_app(Settings(database_url=store_of(client.application).url))
    kinds = {type(rule) for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
    assert kinds == {LateRule}

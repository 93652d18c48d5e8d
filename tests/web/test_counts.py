"""Counts in the strings of pages: a thousand has its comma, the number of a school has none."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from flask_babel import gettext, ngettext

SCHOOLS = "{{ count }} school{% pluralize %}{{ count }} schools"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (f"{{% trans count=3168 %}}{SCHOOLS}{{% endtrans %}}", "3,168 schools"),
        (f"{{% trans count=1 %}}{SCHOOLS}{{% endtrans %}}", "1 school"),
        ("{% trans count=3168 %}All {{ count }}{% endtrans %}", "All 3,168"),
        ("{{ ngettext('%(num)s text', '%(num)s texts', 1000) }}", "1,000 texts"),
        ("{{ _('and %(more)s more', more=1234567) }}", "and 1,234,567 more"),
        ("{% trans number=3168 %}school {{ number }}{% endtrans %}", "school 3168"),
        ("{% trans count='3,168' %}All {{ count }}{% endtrans %}", "All 3,168"),
    ],
)
def test_what_is_counted_has_its_comma_in_templates(app: Flask, template: str, said: str) -> None:
    with app.test_request_context():
        assert render_template_string(template) == said


def test_what_is_counted_has_its_comma_in_code(app: Flask) -> None:
    with app.test_request_context():
        assert ngettext("%(num)s student", "%(num)s students", 3168) == "3,168 students"
        assert ngettext("%(num)s student", "%(num)s students", 1) == "1 student"
        assert gettext("at most %(count)s", count=10_000) == "at most 10,000"
        assert gettext("School %(number)s", number=3168) == "School 3168"
        assert gettext("100 % of it") == "100 % of it"

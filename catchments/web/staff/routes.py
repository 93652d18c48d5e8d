"""Every page of the staff, gathered on their blueprint.

Every page asks for an action that a role must allow: see `accounts.access.requires`.
"""

from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms import changing, maps
from catchments.web.staff.pages import (
    audit,
    drafts,
    home,
    issues,
    notices,
    rates,
    reviewing,
    webhooks,
    who_served,
)

PAGES = (
    audit,
    changing,
    drafts,
    home,
    issues,
    maps,
    notices,
    rates,
    reviewing,
    webhooks,
    who_served,
)
"""Each adds its pages to the blueprint when it is imported."""

__all__ = ["PAGES", "blueprint"]

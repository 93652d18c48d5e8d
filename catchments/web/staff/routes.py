"""Every page of the staff, gathered on their blueprint.

Every page asks for an action that a role must allow: see `accounts.access.requires`.
"""

from catchments.web.staff import repairs  # noqa: F401 - adds its pages, as each of these
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms import (  # noqa: F401 - each adds its pages
    changing,
    live_totals,
    maps,
)
from catchments.web.staff.pages import (  # noqa: F401 - and each of these
    aliases,
    audit,
    content,
    drafts,
    home,
    issues,
    mistakes,
    notices,
    rates,
    reviewing,
    webhooks,
    who_served,
)
from catchments.web.staff.scenarios import (  # noqa: F401 - and these
    comparing,
    copies,
    going_back,
    papers,
    places,
    withdrawing,
)

__all__ = ["blueprint"]

"""The pages of Ministry staff: drafts, review, publication, people, findings and the audit trail.

Every page asks for an action that a role must allow: see `access.requires`.
"""

from catchments.web.accounts import oidc, people, signing_in
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms import changing, maps
from catchments.web.staff.pages import (
    audit,
    drafts,
    issues,
    notices,
    rates,
    reviewing,
    webhooks,
    who_served,
)

__all__ = ["blueprint"]

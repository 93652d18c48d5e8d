"""The pages of Ministry staff: drafts, review, publication, people, findings and the audit trail.

Every page asks for an action that a role must allow: see `access.requires`.
"""

from catchments.web.staff import (  # noqa: F401 - each adds its pages
    changing,
    drafts,
    maps,
    oidc,
    people,
    rates,
    reviewing,
    signing_in,
)
from catchments.web.staff.room import blueprint

__all__ = ["blueprint"]

"""The pages of Ministry staff: drafts, review, publication, people, findings and the audit trail.

Every page asks for an action that a role must allow: see `access.requires`.
"""

from catchments.web.staff import (  # noqa: F401 - each adds its pages
    auditing,
    changing,
    deciding,
    drafts,
    findings,
    maps,
    notices,
    oidc,
    people,
    rates,
    reviewing,
    signing_in,
    webhooks,
)
from catchments.web.staff.blueprint import blueprint

__all__ = ["blueprint"]

"""The pages of Ministry staff: drafts, review, publication, people, findings and the audit trail.

Every page asks for an action that a role must allow: see `access.requires`.
"""

from catchments.web.staff import signing_in  # noqa: F401 - adds its pages
from catchments.web.staff.room import blueprint

__all__ = ["blueprint"]

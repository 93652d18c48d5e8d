"""Every page of accounts, gathered on their blueprint."""

from catchments.web.accounts import oidc, people, signing_in  # noqa: F401 - each adds its pages
from catchments.web.accounts.access import blueprint

__all__ = ["blueprint"]

"""Every page of accounts, gathered on their blueprint."""

from catchments.web.accounts import oidc, people, signing_in
from catchments.web.accounts.access import blueprint

PAGES = (oidc, people, signing_in)
"""Each adds its pages to the blueprint when it is imported."""

__all__ = ["PAGES", "blueprint"]

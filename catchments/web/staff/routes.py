"""Every page of the staff, gathered on their blueprint.

Every page asks for an action that a role must allow: see `accounts.access.requires`. A module that
is put here, or in a package here, adds its pages: no list of them is kept.
"""

from importlib import import_module
from pkgutil import walk_packages

from catchments.web import staff
from catchments.web.staff.blueprint import blueprint

__all__ = ["blueprint"]

for each in walk_packages(staff.__path__, f"{staff.__name__}."):
    import_module(each.name)

"""The forms of changes, a module each: its `FORM` turns what is typed into a change.

A module that is put here, or in a package here, is a form: no list of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import walk_packages

from catchments.web.staff.forms.change_form import AnyChangeForm

_FORMS: list[AnyChangeForm] = [
    import_module(each.name).FORM
    for each in walk_packages(__path__, f"{__name__}.")
    if not each.ispkg
]
BY_NAME: Mapping[str, AnyChangeForm] = {
    form.name: form for form in sorted(_FORMS, key=lambda form: form.position)
}
"""Every form of a change by its name in addresses, in the order in which they are offered."""

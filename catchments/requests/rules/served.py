"""Who serves a school on a day, as the lookup answered: what a request is frozen with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Served:
    """An answer of the lookup for one school on one day."""

    school_id: int
    school_name: str
    on: date
    edition_number: int
    catchment_code: str = ""
    catchment_name: str = ""
    provider_code: str = ""
    """Empty where nobody is known to serve it."""
    provider_name: str = ""
    in_school_provision: bool = False
    is_open: bool = True
    demonstration: bool = False

    @property
    def is_resolved(self) -> bool:
        """Whether a provider serves it."""
        return bool(self.provider_code)

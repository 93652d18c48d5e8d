"""Text to candidates: the searchable names of schools, suburbs, towns and regions."""

from catchments.core.text_folding import LONGEST_TEXT, education_region, folded
from catchments.gazetteer.search import Gazetteer
from catchments.gazetteer.street_addresses import (
    looks_like_address,
    number_last,
    school_number,
    street_number,
    without_region,
)

__all__ = [
    "LONGEST_TEXT",
    "Gazetteer",
    "education_region",
    "folded",
    "looks_like_address",
    "number_last",
    "school_number",
    "street_number",
    "without_region",
]

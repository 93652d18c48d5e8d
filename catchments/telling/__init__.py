"""What is told of a publication: to each school and provider, and to whoever asks what changed."""

from catchments.telling.announcing import PROVIDER, SCHOOL, Announcement, notices_of
from catchments.telling.chronicle import DIFFERENCES_KEPT, Chronicle, edition_json
from catchments.telling.differing import (
    Difference,
    Renewal,
    SchoolChange,
    difference,
    difference_json,
    in_words,
    schools_changed,
)
from catchments.telling.keeping import DIFFERENCE, read_difference, written_difference
from catchments.telling.told import Standing, ToldEdition

__all__ = [
    "DIFFERENCE",
    "DIFFERENCES_KEPT",
    "PROVIDER",
    "SCHOOL",
    "Announcement",
    "Chronicle",
    "Difference",
    "Renewal",
    "SchoolChange",
    "Standing",
    "ToldEdition",
    "difference",
    "difference_json",
    "edition_json",
    "in_words",
    "notices_of",
    "read_difference",
    "schools_changed",
    "written_difference",
]

"""What people paste in place of a name: coordinates, addresses of maps, plus codes, contacts.

`read` says what a text's coordinates are; `SchoolContacts` and `Postcodes` are indexes of the
directory, made once. None of it asks anybody else.
"""

from catchments.lookup.search.pasted.contacts import Known, SchoolContacts
from catchments.lookup.search.pasted.postcodes import Postcodes
from catchments.lookup.search.pasted.reading import read
from catchments.lookup.search.pasted.spots import Pasted

__all__ = ["Known", "Pasted", "Postcodes", "SchoolContacts", "read"]

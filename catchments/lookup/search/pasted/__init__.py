"""What people paste in place of a name: coordinates, addresses of maps, plus codes, contacts.

`reading.read` says what a text's coordinates are; `SchoolContacts` and `Postcodes` are indexes of
the directory, made once. None of it asks anybody else.
"""

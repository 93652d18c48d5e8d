"""One search: the names of schools and places, street addresses, and the address book."""

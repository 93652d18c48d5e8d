"""Street addresses: the parts of a typed one, the book of all, and what is wholly meant."""

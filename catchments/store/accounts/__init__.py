"""Accounts: who signs in, with what, and from where; a part that another store can use."""

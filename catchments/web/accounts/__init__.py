"""Accounts: signing in by password or OpenID Connect, sessions, and who may do what."""

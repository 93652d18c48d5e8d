"""Accounts: signing in, sessions, people and their roles; no part of it knows the staff pages."""

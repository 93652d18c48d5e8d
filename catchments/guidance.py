"""Dated guidance on when to ask for support."""

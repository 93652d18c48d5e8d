"""Integrity: the trail of what was done, and digests of what it is about."""

"""Lookup: who serves a school, an address or a point on a date, from one immutable snapshot."""

"""Requests for support: an application of its own, apart from the one that answers strangers."""

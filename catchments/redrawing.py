"""Redraws boundaries (being written)."""


def transfer(boundaries, area, *, to, from_=()):
    raise NotImplementedError


def merge(boundaries, codes, *, into):
    raise NotImplementedError


def split(boundaries, code, line, *, new, side="left"):
    raise NotImplementedError

"""Exports: the files of an edition that people take away."""

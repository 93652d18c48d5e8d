"""Drafts: what they are made of, what two editions differ in, what forbids publication.

A kind of change is a module of `changes.kinds`. Undo drops the last change of a draft and applies
the rest again.
"""

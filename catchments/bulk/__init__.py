"""Answers by the million: whole columns of school numbers and points, from one snapshot."""

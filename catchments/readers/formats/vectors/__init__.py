"""Formats of boundary files, each to layers: raw features, and what the file says of itself."""

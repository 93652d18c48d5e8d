"""Tiling: whether boundaries tile, what keeps them from it, and how that is mended."""

"""Commons: what all pages and answers share, from services to assets."""

"""Paper: pages that are drawn once, and written as a PDF that can be listened to or as a picture.

A page is a list of areas, lines and texts in units of its own, and knows nothing of either file.
"""

"""The public pages, a module a page."""

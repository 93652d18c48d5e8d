"""The forms of a draft: their fields, and a module for each kind of change."""

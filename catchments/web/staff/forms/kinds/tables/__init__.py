"""The forms of tables, and of what stands on lists: a module each, with its `FORM`."""

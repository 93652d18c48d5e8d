"""Formats: archives, tables and files of features, taken apart before anything is believed."""

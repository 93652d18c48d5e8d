"""Workbooks: the sheets of an XLSX file as texts, and what a person sees of them."""

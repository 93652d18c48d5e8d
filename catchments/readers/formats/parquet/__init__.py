"""Parquet files: read by a program of their own, which has limits to its memory, time and files."""

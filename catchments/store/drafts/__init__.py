"""Drafts as they are stored: their records, changes as JSON, and uploads that await a draft."""

"""The doors for people and programs: Flask blueprints over a snapshot, and nothing of the rules."""

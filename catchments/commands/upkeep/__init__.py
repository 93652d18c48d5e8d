"""Commands for whoever keeps the service up: backups, moving, settings."""

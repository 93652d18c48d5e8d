"""The `flask` command line: one command a kind of file, and the editions."""

"""The tests; a package, because some library installs one of that name too."""

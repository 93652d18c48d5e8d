"""Pages of the site itself: whose it is, help, how to ask, reports of mistakes."""

"""The database of requests: organisations, cases, what was said of them, who looked at them."""

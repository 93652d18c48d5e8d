"""POST /v1/providers:resolve: many questions at once, as CSV, JSON or lines of JSON."""

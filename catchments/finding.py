"""A text that somebody typed, to an answer, to candidates to pick from, or to what to do next."""

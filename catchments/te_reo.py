"""Which words of a name are te reo Māori, so that a page can say so with `lang="mi"`."""

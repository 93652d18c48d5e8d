"""The pages of cases: lists, one case, its steps, what is said in it."""

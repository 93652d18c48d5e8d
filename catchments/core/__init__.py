"""Values and words: the model, errors, settings, roles. Imports nothing of ours."""

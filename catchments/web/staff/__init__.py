"""The staff of the Ministry: the forms of a draft, their pages, and what they share."""

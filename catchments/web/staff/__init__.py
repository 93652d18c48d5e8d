"""What Ministry staff work in: the forms of a draft, its pages, and what they share."""

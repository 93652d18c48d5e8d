"""The spoken languages of pages: their catalogues, and sentences made in each."""

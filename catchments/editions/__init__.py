"""From a draft to an edition, and after: its impact, publication, history and what is sent out."""

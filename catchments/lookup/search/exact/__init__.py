"""What a text names wholly: schools and places, by their names and what may stand beside them."""

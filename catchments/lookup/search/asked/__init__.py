"""What is asked beside a name: questions around one, and needs that no name answers."""

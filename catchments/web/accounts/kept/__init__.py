"""Work that no end of a session loses: forms that are kept, and stand there again afterwards."""

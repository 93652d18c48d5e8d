"""The school directory: its releases, and what people call its schools beside their names."""

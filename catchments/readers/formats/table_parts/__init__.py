"""The parts that a table is made of: columns, header, body, and what stands below it."""

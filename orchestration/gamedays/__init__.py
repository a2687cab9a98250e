"""Game days: faults put into a copy of a home on purpose, and whether their own alert tells."""

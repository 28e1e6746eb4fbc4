"""Models of furniture and of the parts of a building, each drawn from a random generator."""

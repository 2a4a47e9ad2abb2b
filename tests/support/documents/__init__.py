"""The parts of the documents that the program generates: `make docs` writes them, tests check that they are current."""

"""What the documents show of the program, made by the program: `make docs` writes it, tests hold that it is current."""

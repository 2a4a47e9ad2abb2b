"""What must follow from the facts, worked out a second time by code that shares nothing with the program."""

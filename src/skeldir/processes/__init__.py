"""Keeping processes alive: the supervisor, the children it starts, and the signs of life they give."""

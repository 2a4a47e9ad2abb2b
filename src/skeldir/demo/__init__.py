"""What `make demo` shows when the user brings no data: a sample shop of our own."""

"""The checks, one module for each hypothesis or group of them; each has a tuple `CHECKS`."""

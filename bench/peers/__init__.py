"""Other people's packages for the same task, each in an environment of its own, and what we ask them to do."""

"""Beyond one machine: what the next ten-fold needs. The door; `scale.planning` has its own."""

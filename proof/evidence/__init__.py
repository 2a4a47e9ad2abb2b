"""What a proof leaves behind: recorded steps, verdicts computed from them, the pack and its signature."""

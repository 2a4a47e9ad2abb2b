"""Which encodings of an answer a client takes."""

from __future__ import annotations


def takes_gzip(accepted: str) -> bool:
    """Return whether `Accept-Encoding` names gzip and does not refuse it by `q=0`."""
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() == "gzip":
            weight = parameters.replace(" ", "").removeprefix("q=")
            return not weight or weight.strip("0.") != ""
    return False

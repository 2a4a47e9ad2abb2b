"""What a notice looks like to people. The pages' room writes it: it has the texts and formats of three languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from skeldir.notices.alerts import AlertNotice
from skeldir.notices.digest import Digest

Language: TypeAlias = Literal["en", "de", "fr"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice as people read it: a subject of one line, plain text, and the same as HTML."""

    subject: str
    text: str
    html: str


Writer: TypeAlias = Callable[[Digest | AlertNotice, str, Language], Letter]
"""Writes a digest or a notice of an alert, of the tenant with a name, in a language."""

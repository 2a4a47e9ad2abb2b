"""What a member of a tenant may do: each role may do what the ones before it may."""

from __future__ import annotations

from enum import StrEnum

from skeldir.errors import InputInvalid


class Role(StrEnum):
    """A viewer reads and exports; a manager also imports and sets rules and models; an admin also admits people."""

    VIEWER = "viewer"
    MANAGER = "manager"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Return whether whoever has this role may do what needs `needed`."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


def read_role(text: str) -> Role:
    """Return the role that `text` names.

    Raises:
        InputInvalid: it names none.
    """
    try:
        return Role(text)
    except ValueError as error:
        raise InputInvalid(
            f"{text[:40]!r} is not a role.", cure=f"The roles are {', '.join(Role)}."
        ) from error

"""Why lift tests are not recorded."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class LiftTestsInvalid(SkeldirError):
    """A file does not say what its experiments measured, or says it wrongly; nothing was recorded."""

    code = "lift_tests_invalid"
    status = 422
    title = "The lift tests cannot be read"

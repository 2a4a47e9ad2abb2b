"""Why facts are not taken back, put back or restated. Whenever one of these is raised, nothing was changed."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class NothingToUndo(SkeldirError):
    """There is nothing to take back: it was taken back already, or nothing came in that way. Nothing was changed."""

    code = "nothing_to_undo"
    status = 409
    title = "There is nothing to take back"


class NothingToRedo(SkeldirError):
    """There is nothing to put back: it stands, or was never taken back. Nothing was changed."""

    code = "nothing_to_redo"
    status = 409
    title = "There is nothing to put back"


class TargetUnknown(SkeldirError):
    """No import, or more than one, is meant; or no fact has this key."""

    code = "undo_target_unknown"
    status = 404
    title = "It is not known what to take back"


class ReasonMissing(SkeldirError):
    """Taking facts back needs a reason, which is kept."""

    code = "undo_reason_missing"
    status = 422
    title = "A reason is required"


class UndoingUnderWay(SkeldirError):
    """It is being put back; or taking back and restating channels would be under way at once, and miss touches."""

    code = "undoing_under_way"
    status = 409
    title = "Something else is under way"

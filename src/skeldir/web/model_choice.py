"""The model whose credit a page shows: the one that its address names, else the usual one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.attribution import ModelName, models_in_force

if TYPE_CHECKING:
    from skeldir.attribution import ModelInForce
    from skeldir.web.frames import Link
    from skeldir.web.reports import Report

USUAL_MODEL: Final[ModelName] = "linear"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The models in force, in their order, and the one shown; None if none is in force."""

    in_force: tuple[ModelInForce, ...]
    shown: ModelInForce | None

    def links(self, report: Report) -> tuple[Link, ...]:
        """Return links that show each model on the page, if there are several."""
        if len(self.in_force) < 2:
            return ()
        return report.choices(
            "model",
            [
                (
                    None
                    if self.shown is each and report.parameter("model") is None
                    else each.model,
                    report.say(f"model.{each.model}"),
                )
                for each in self.in_force
            ],
        )


async def read_model_choice(report: Report) -> ModelChoice:
    """Return the models in force of the report's tenant; what the address names and is not in force is not shown."""
    models = tuple(await models_in_force(report.page.connection, report.page.profile.tenant_id))
    by_name = {each.model: each for each in models}
    asked = report.parameter("model") or ""
    wanted = [each for name, each in by_name.items() if name == asked]
    usual = [by_name[USUAL_MODEL]] if USUAL_MODEL in by_name else []
    return ModelChoice(models, next(iter([*wanted, *usual, *models]), None))

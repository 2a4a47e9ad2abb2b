from typing import Literal

PreviewChangeModel = Literal["first_touch", "last_non_direct", "last_touch", "linear", "position_based", "time_decay"]

PREVIEW_CHANGE_MODEL_VALUES: set[PreviewChangeModel] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "position_based",
    "time_decay",
}


def check_preview_change_model(value: str) -> PreviewChangeModel:
    if value in PREVIEW_CHANGE_MODEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PREVIEW_CHANGE_MODEL_VALUES!r}")

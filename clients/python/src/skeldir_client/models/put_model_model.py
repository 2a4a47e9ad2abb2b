from typing import Literal

PutModelModel = Literal["first_touch", "last_non_direct", "last_touch", "linear", "position_based", "time_decay"]

PUT_MODEL_MODEL_VALUES: set[PutModelModel] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "position_based",
    "time_decay",
}


def check_put_model_model(value: str) -> PutModelModel:
    if value in PUT_MODEL_MODEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PUT_MODEL_MODEL_VALUES!r}")

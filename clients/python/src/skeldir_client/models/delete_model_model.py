from typing import Literal

DeleteModelModel = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

DELETE_MODEL_MODEL_VALUES: set[DeleteModelModel] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_delete_model_model(value: str) -> DeleteModelModel:
    if value in DELETE_MODEL_MODEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {DELETE_MODEL_MODEL_VALUES!r}")

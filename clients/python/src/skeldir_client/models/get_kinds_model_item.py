from typing import Literal

GetKindsModelItem = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

GET_KINDS_MODEL_ITEM_VALUES: set[GetKindsModelItem] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_get_kinds_model_item(value: str) -> GetKindsModelItem:
    if value in GET_KINDS_MODEL_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_KINDS_MODEL_ITEM_VALUES!r}")

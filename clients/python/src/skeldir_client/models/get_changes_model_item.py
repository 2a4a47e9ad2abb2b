from typing import Literal

GetChangesModelItem = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

GET_CHANGES_MODEL_ITEM_VALUES: set[GetChangesModelItem] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_get_changes_model_item(value: str) -> GetChangesModelItem:
    if value in GET_CHANGES_MODEL_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_CHANGES_MODEL_ITEM_VALUES!r}")

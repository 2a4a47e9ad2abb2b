from typing import Literal

ReconciliationAskedModelType0 = Literal[
    "first_touch", "last_non_direct", "last_touch", "linear", "markov", "position_based", "shapley", "time_decay"
]

RECONCILIATION_ASKED_MODEL_TYPE_0_VALUES: set[ReconciliationAskedModelType0] = {
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "markov",
    "position_based",
    "shapley",
    "time_decay",
}


def check_reconciliation_asked_model_type_0(value: str) -> ReconciliationAskedModelType0:
    if value in RECONCILIATION_ASKED_MODEL_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RECONCILIATION_ASKED_MODEL_TYPE_0_VALUES!r}")

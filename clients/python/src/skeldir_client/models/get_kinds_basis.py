from typing import Literal

GetKindsBasis = Literal["entry_day", "order_day", "touch_day"]

GET_KINDS_BASIS_VALUES: set[GetKindsBasis] = {
    "entry_day",
    "order_day",
    "touch_day",
}


def check_get_kinds_basis(value: str) -> GetKindsBasis:
    if value in GET_KINDS_BASIS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_KINDS_BASIS_VALUES!r}")

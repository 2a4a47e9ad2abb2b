from typing import Literal

GetRatesRevisions = Literal["all", "latest"]

GET_RATES_REVISIONS_VALUES: set[GetRatesRevisions] = {
    "all",
    "latest",
}


def check_get_rates_revisions(value: str) -> GetRatesRevisions:
    if value in GET_RATES_REVISIONS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_RATES_REVISIONS_VALUES!r}")

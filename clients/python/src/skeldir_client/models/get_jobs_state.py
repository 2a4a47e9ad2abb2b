from typing import Literal

GetJobsState = Literal["dead", "done", "ready", "running"]

GET_JOBS_STATE_VALUES: set[GetJobsState] = {
    "dead",
    "done",
    "ready",
    "running",
}


def check_get_jobs_state(value: str) -> GetJobsState:
    if value in GET_JOBS_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_JOBS_STATE_VALUES!r}")

"""What PostHog's libraries ask for besides sending: settings with everything switched off, and no flags. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Document

# Without a field `surveys` the browser library does not fetch the script of surveys. It does if the field is false.
_SETTINGS: Final[Mapping[str, object]] = {
    "analytics": {"endpoint": "/e/"},
    "autocaptureExceptions": False,
    "autocapture_opt_out": True,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "conversations": False,
    "defaultIdentifiedOnly": True,
    "elementsChainAsString": True,
    "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
    "hasFeatureFlags": False,
    "heatmaps": False,
    "isAuthenticated": False,
    "logs": {"captureConsoleLogs": False},
    "productTours": False,
    "sessionRecording": False,
    "siteApps": [],
    "supportedCompression": ["gzip-js"],
    "toolbarParams": {},
}
_FLAGS: Final[Mapping[str, object]] = {
    "config": {"enable_collect_everything": False},
    "errorsWhileComputingFlags": False,
    "featureFlagPayloads": {},
    "featureFlags": {},
    "flags": {},
    "quotaLimited": [],
    "requestId": "00000000-0000-0000-0000-000000000000",
    "sessionRecording": False,
    "siteApps": [],
    "supportedCompression": ["gzip-js"],
    "toolbarParams": {},
}


def _make_settings(_params: Mapping[str, str]) -> Answer:
    return Answer(200, orjson.dumps({**_SETTINGS, "token": _params.get("key", "")}))


def _make_script(params: Mapping[str, str]) -> Answer:
    """Return the script that puts the settings where the library looks for them."""
    key = params.get("key", "")
    described = {"config": {**_SETTINGS, "token": key}, "siteApps": []}
    name, value = orjson.dumps(key), orjson.dumps(described)
    return Answer(
        200,
        b"(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        b"window._POSTHOG_REMOTE_CONFIG[" + name + b"]=" + value + b"})();",
        "text/javascript",
    )


def _make_flags(_params: Mapping[str, str]) -> Answer:
    """Return that there are no flags. What a library sends of a person with its question is not read."""
    return Answer(200, orjson.dumps(_FLAGS))


DOCUMENTS: Final = (
    Document("/array/{key}/config.js", _make_script),
    Document("/array/{key}/config", _make_settings),
    *(
        Document(path, _make_flags, ("POST", "GET"))
        for path in ("/flags/", "/flags", "/decide/", "/decide")
    ),
)

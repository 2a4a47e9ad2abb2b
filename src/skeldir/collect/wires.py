"""The protocols, with their paths and documents."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from skeldir.collect import collector, ga4, matomo, plausible, posthog, segment, snowplow, umami
from skeldir.collect.mapped import Document, Path, Wire

_MODULES: Final[tuple[ModuleType, ...]] = (
    collector,
    segment,
    ga4,
    plausible,
    posthog,
    snowplow,
    matomo,
    umami,
)

WIRES: Final[tuple[tuple[Wire, tuple[Path, ...]], ...]] = tuple(
    (module.WIRE, module.PATHS) for module in _MODULES
)
DOCUMENTS: Final[tuple[Document, ...]] = tuple(
    document for module in _MODULES for document in getattr(module, "DOCUMENTS", ())
)

"""Pages for people: templates, style sheet, texts, formats and charts. The door."""

from skeldir.web.alert_letters import write_letter
from skeldir.web.assets import load_assets, path_of_asset
from skeldir.web.bridges import Bridge, Step, draw_bridge
from skeldir.web.charts import (
    DayChart,
    Series,
    draw_area,
    draw_interval,
    draw_lines,
    draw_share,
    draw_sparkline,
    draw_stack,
)
from skeldir.web.formats import DASH, Formats, Unknown
from skeldir.web.frames import PAGE_HEADERS, PAGE_POLICY, Frame, Link, Option, TenantChoice
from skeldir.web.guesses import Guesses, GuessesLimited
from skeldir.web.hosts import HostUnknown, Site, is_own_origin
from skeldir.web.importing import Imports
from skeldir.web.letters import write_digest
from skeldir.web.locales import DEFAULT, LANGUAGES, LOCALES, Locale, choose_locale, find_locale
from skeldir.web.order_addresses import address_of_order
from skeldir.web.phrases import Phrases, phrases_for, read_texts
from skeldir.web.provider_settings import ProviderSettings, read_provider_settings
from skeldir.web.providers import Provider, open_provider
from skeldir.web.rendering import load_environment, render
from skeldir.web.scales import NARROW, WIDE, Size
from skeldir.web.tables import Cell, Column, Sort, Table
from skeldir.web.turns import TurnLimits
from skeldir.web.uploads import Uploads

__all__ = [
    "DASH",
    "DEFAULT",
    "LANGUAGES",
    "LOCALES",
    "NARROW",
    "PAGE_HEADERS",
    "PAGE_POLICY",
    "WIDE",
    "Bridge",
    "Cell",
    "Column",
    "DayChart",
    "Formats",
    "Frame",
    "Guesses",
    "GuessesLimited",
    "HostUnknown",
    "Imports",
    "Link",
    "Locale",
    "Option",
    "Phrases",
    "Provider",
    "ProviderSettings",
    "Series",
    "Site",
    "Size",
    "Sort",
    "Step",
    "Table",
    "TenantChoice",
    "TurnLimits",
    "Unknown",
    "Uploads",
    "address_of_order",
    "choose_locale",
    "draw_area",
    "draw_bridge",
    "draw_interval",
    "draw_lines",
    "draw_share",
    "draw_sparkline",
    "draw_stack",
    "find_locale",
    "is_own_origin",
    "load_assets",
    "load_environment",
    "open_provider",
    "path_of_asset",
    "phrases_for",
    "read_provider_settings",
    "read_texts",
    "render",
    "write_digest",
    "write_letter",
]

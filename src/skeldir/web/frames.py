"""What templates need beside a page's own values: language, zone, navigation, tenant; and the headers of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from skeldir.web.addresses import OPENED_FOR, address
from skeldir.web.formats import Formats
from skeldir.web.phrases import Phrases, phrases_for

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": PAGE_POLICY,
        "Cache-Control": "private, no-store",
        # With no-referrer, browsers send forms with `Origin: null`, which does not show where they come from.
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Encoding, Accept-Language, Cookie, Sec-Fetch-Site",
    }
)
"""The headers of every page: nothing inline, nothing from elsewhere, nothing kept."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its text; `is_current` marks the page or choice that is shown."""

    text: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a field."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class TenantChoice:
    """The tenant whose data a page shows, and those to which its user may switch by a form to `action`."""

    name: str
    current: str
    others: tuple[Option, ...] = ()
    action: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of a page. Without `account` nobody is signed in; `sign_out` is the action of its form."""

    formats: Formats
    title: str
    theme: Theme = "auto"
    pages: tuple[Link, ...] = ()
    breadcrumb: tuple[Link, ...] = ()
    tenant: TenantChoice | None = None
    is_shared: bool = False
    """Whether the page is shown by a link to this one report: other pages cannot be opened from it."""
    account: str | None = None
    sign_out: str | None = None
    languages: tuple[Link, ...] = ()
    themes: tuple[Link, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    """Choices of language and appearance in the address, which the browser keeps for other pages."""
    opened_for: str = ""
    """For whom, and which tenant, the page was opened (`forms.mark_of`)."""

    @property
    def phrases(self) -> Phrases:
        """The texts of the page's language."""
        return phrases_for(self.formats.locale)

    def form_to(self, action: str) -> str:
        """Return the address for a form of this page, which says for whom and which tenant the page was opened."""
        return address(action, **{OPENED_FOR: self.opened_for or None})

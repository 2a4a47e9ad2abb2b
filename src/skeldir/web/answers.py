"""Pages as responses: rendered in a frame, errors included; whoever is not signed in is led to where he can."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from skeldir.errors import SkeldirError
from skeldir.web.access import Membership, SignInNeeded, TenantNeeded, Visit
from skeldir.web.addresses import with_parameters
from skeldir.web.formats import Formats
from skeldir.web.forms import mark_of
from skeldir.web.frames import PAGE_HEADERS, THEMES, Frame, Link, TenantChoice, Theme
from skeldir.web.hosts import require_known_host
from skeldir.web.locales import LOCALES, Locale, choose_locale
from skeldir.web.navigation import links_of
from skeldir.web.phrases import phrases_for
from skeldir.web.sending import Page, finish

if TYPE_CHECKING:
    from skeldir.users import Session
    from skeldir.web.phrases import Phrases

SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
TENANTS: Final = "/tenants"
ACCOUNT: Final = "/account"
INVITATIONS: Final = "/invitations"
IDENTITY_SIGN_IN: Final = "/identity/sign-in"
PASSKEYS: Final = "/passkeys"
_UTC: Final = ZoneInfo("UTC")
_SEE_OTHER: Final = 303
_KEPT: Final = {"lang": "skeldir-language", "theme": "skeldir-theme"}
_KEPT_S: Final = 400 * 24 * 3600


def frame_of(
    request: Request,
    title: str,
    *,
    session: Session | None = None,
    membership: Visit | None = None,
    zone: ZoneInfo = _UTC,
    current: str | None = None,
    shown_title: str | None = None,
    breadcrumb: tuple[Link, ...] = (),
) -> Frame:
    """Return the frame of a page in the language of the request.

    `title` names a text, unless `shown_title` is the title itself; `current` is the page in the navigation.
    """
    locale, theme = locale_of(request), _theme_of(request)
    phrases = phrases_for(locale)
    # What answers a form may have an address that only takes forms.
    has_address = request.method == "GET"
    member = membership if isinstance(membership, Membership) else None
    if member is not None:
        session = member.session
    return Frame(
        formats=Formats(locale, zone),
        title=shown_title or phrases(title),
        theme=theme,
        pages=() if member is None else links_of(request, phrases, member.role, current),
        is_shared=membership is not None and member is None,
        breadcrumb=breadcrumb,
        tenant=None
        if membership is None
        else TenantChoice(membership.profile.name, str(membership.profile.tenant_id)),
        account=None if session is None else session.email,
        opened_for=mark_of(
            None if session is None else session.user_id,
            None if member is None else member.profile.tenant_id,
        ),
        sign_out=None if session is None else SIGN_OUT,
        languages=tuple(
            Link(each.name, with_parameters(request, lang=tag), tag == locale.tag)
            for tag, each in LOCALES.items()
            if has_address
        ),
        themes=tuple(
            Link(
                phrases(f"frame.theme_{each}"), with_parameters(request, theme=each), each == theme
            )
            for each in THEMES
            if has_address
        ),
        kept=tuple(
            (name, shown)
            for name, shown in (("lang", locale.tag), ("theme", theme))
            if request.query_params.get(name) == shown
        ),
    )


def locale_of(request: Request) -> Locale:
    """Return the locale of a page: of the address, else what the browser kept of an earlier choice, else its own."""
    asked = request.query_params.get("lang") or request.cookies.get(_KEPT["lang"])
    return choose_locale(asked, request.headers.get("accept-language"))


def _theme_of(request: Request) -> Theme:
    asked = request.query_params.get("theme") or request.cookies.get(_KEPT["theme"])
    return next((theme for theme in THEMES if theme == asked), "auto")


def send_page(template: str, frame: Frame, /, *, status: int = 200, **values: object) -> Response:
    """Return a page as a response, with the headers of all pages."""
    return send_values(template, frame, values, status)


def send_values(
    template: str, frame: Frame, values: Mapping[str, object], status: int = 200
) -> Response:
    """Return a page with its values by name, as `send_page` does; its route renders it."""
    page = Page(template, frame, values, status)
    for name, choice in frame.kept:
        # Nothing depends on these but how pages look, so any page of the host may set them.
        page.set_cookie(
            _KEPT[name], choice, max_age=_KEPT_S, path="/", samesite="lax", httponly=True
        )
    return page


def go_to(path: str, /, **parameters: str) -> Response:
    """Return a response that leads to another page of this site, by GET."""
    query = f"?{urlencode(parameters)}" if parameters else ""
    return RedirectResponse(path + query, _SEE_OTHER, headers=_kept_nowhere())


def _kept_nowhere() -> Mapping[str, str]:
    return {name: PAGE_HEADERS[name] for name in ("Cache-Control", "Referrer-Policy", "Vary")}


def say_in(request: Request) -> Phrases:
    """Return the texts in the language of a request."""
    return phrases_for(locale_of(request))


class PageRoute(APIRoute):
    """A route whose errors are pages. It leads to the sign-in, or to the choice of a tenant, whoever needs it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, None, Response]]:
        """Return the handler of the route."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                require_known_host(request)
                return await handle(request)
            except SignInNeeded:
                return go_to(SIGN_IN, **_way_back(request))
            except TenantNeeded:
                return go_to(TENANTS)
            except RequestValidationError:
                return _refuse(
                    request,
                    422,
                    "input_invalid",
                    "A part of the address cannot be read.",
                    "Correct the address, or go back and follow the link again.",
                )
            except SkeldirError as error:
                return _refuse(request, error.status, error.code, error.detail, error.cure)

        async def send(request: Request) -> Response:
            return await finish(request, await answer(request))

        return send


def _way_back(request: Request) -> dict[str, str]:
    """Return where to go on after signing in: to the page, if it was asked for by GET."""
    if request.method != "GET":
        return {}
    query = request.url.query
    return {"next": quote(request.url.path) + (f"?{query}" if query else "")}


def _refuse(request: Request, status: int, code: str, detail: str, cure: str) -> Response:
    return send_error(frame_of(request, "error.title"), status, code, detail, cure)


def send_error(frame: Frame, status: int, code: str, detail: str, cure: str) -> Response:
    """Return the page of an error; its sentences are in the language of the page where they have been translated."""
    page = send_page("error.html", frame, status=status, code=code, detail=detail, cure=cure)
    if status in (429, 503):
        page.headers["Retry-After"] = "2"
    return page

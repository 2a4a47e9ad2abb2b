"""An admin of each tenant of the proof, who signs in to the pages by a link, as an operator makes it."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
import httpx2

from proof.stage.ground import Ground
from proof.stage.planting import Plan
from skeldir.errors import SkeldirError
from skeldir.users import Role, SignInLink, make_sign_in_link

OWN_FORM: Final = {
    "Sec-Fetch-Site": "same-origin",
    "Content-Type": "application/x-www-form-urlencoded",
}
"""What a browser says of a form that a page of the site itself sends, also of an empty one."""


class NobodySignedIn(SkeldirError):
    """The pages did not let in who has a link, or did not take the form of an admin."""

    code = "nobody_signed_in"
    status = 500
    title = "Nobody could sign in to the pages of the proof"


def let_in(ground: Ground, base: str, database: str, plans: tuple[Plan, ...]) -> list[str]:
    """Make an admin for each tenant, who signs in and invites a guest; return the cookies of their sessions.

    Raises:
        NobodySignedIn: the pages did not let one in.
    """
    cookies = []
    for plan in plans:
        link = asyncio.run(_make_link(ground.url(ground.admin, database), plan))
        ground.keep_secret(link.token)
        with httpx2.Client(base_url=base, timeout=30) as browser:
            entered = browser.post(f"/sign-in/{link.token}", headers=OWN_FORM, data={})
            cookie = browser.cookies.get("skeldir")
            invited = browser.post(
                "/settings/members/invitations",
                headers=OWN_FORM,
                data={"email": f"guest@{plan.word}.example.com", "role": Role.VIEWER},
            )
        if cookie is None or not invited.is_success:
            raise NobodySignedIn(
                f"The link was answered by {entered.status_code}, the form by {invited.status_code}.",
                cure="Try both by hand on `skeldir up`; the log of the API has the reason.",
            )
        ground.keep_secret(cookie)
        cookies.append(cookie)
    return cookies


async def _make_link(url: str, plan: Plan) -> SignInLink:
    operator = await asyncpg.connect(url)
    try:
        return await make_sign_in_link(
            operator, admin_of(plan), tenant_id=plan.tenant_id, role=Role.ADMIN
        )
    finally:
        await operator.close()


def admin_of(plan: Plan) -> str:
    """Return the e-mail address of a tenant's admin."""
    return f"admin@{plan.word}.example.com"

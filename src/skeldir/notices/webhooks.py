"""Sends notices to webhooks: signed as Standard Webhooks has it, to the address that was checked, without redirects."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx2

from skeldir.inbox import sign
from skeldir.notices.addresses import find_addresses, read_webhook_url
from skeldir.notices.refusals import NoticeNotDelivered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.notices.addresses import WebhookUrl

_TIMEOUT_S: Final = 15.0
_GONE: Final = 410


async def send_webhook(
    url_text: str,
    body: bytes,
    secret: str,
    *,
    notice_id: UUID,
    now: datetime,
    allows_private: bool,
) -> None:
    """Post a body, signed, to a webhook; any status from 200 to 299 means that it was taken.

    The header `webhook-id` names the notice and is the same for each attempt. The answer's body is not read.

    Raises:
        NoticeNotDelivered: the host may not be reached, does not answer, or answers otherwise; finally, if with 410.
    """
    url = read_webhook_url(url_text)
    addresses = await find_addresses(url, allows_private=allows_private)
    headers = sign("standard", body, secret, now=now, event_id=f"msg_{notice_id.hex}")
    headers |= {"content-type": "application/json", "user-agent": "skeldir", "host": url.authority}
    status = await _post(url, addresses, body, headers)
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NoticeNotDelivered(
            f"The receiver redirects ({status}), which is not followed.",
            cure="Add the destination with the URL that it redirects to, and remove this one.",
        )
    raise NoticeNotDelivered(
        f"The receiver answers with {status}.",
        cure="Look at what the receiver logs.",
        is_final=status == _GONE,
    )


async def _post(
    url: WebhookUrl, addresses: Sequence[str], body: bytes, headers: dict[str, str]
) -> int:
    """Return the status of the first address that answers."""
    fault = "none"
    # What the environment says of proxies would lead past the check of addresses.
    async with httpx2.AsyncClient(
        timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
    ) as client:
        for address in addresses:
            shown = f"[{address}]" if ":" in address else address
            try:
                async with client.stream(
                    "POST",
                    f"{url.scheme}://{shown}:{url.port}{url.target}",
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": url.host},
                ) as response:
                    return response.status_code
            except httpx2.ConnectError as error:
                fault = type(error).__name__
            except (httpx2.HTTPError, OSError) as error:
                fault = type(error).__name__
                break
    raise NoticeNotDelivered(
        f"The receiver at {url.host} does not answer: {fault}.",
        cure="Check that it runs and that its certificate is of its name.",
    )

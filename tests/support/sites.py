"""What browsers say of where a form comes from."""

from __future__ import annotations

from typing import Final

FORM: Final = "application/x-www-form-urlencoded"
OWN: Final = {"Sec-Fetch-Site": "same-origin", "Content-Type": FORM}
"""The headers of a form of the page itself, also of an empty one."""
FOREIGN: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://["},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "file://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "none", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Referer": "http://localhost/account"},
)
"""Those of forms that another site, or nobody knows who, has sent to http://localhost."""

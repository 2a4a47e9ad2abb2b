"""The Python client of skeldir. `api` and `models` are generated from its OpenAPI document; see docs/client.md.

with connect() as client:
    for row in rows(get_channels.sync, client=client, granularity="month"):
        print(row.period, row.channel, row.models["linear"].credited_cents)
"""

from skeldir_client.connecting import SettingMissing, Skeldir, connect
from skeldir_client.errors import Refused
from skeldir_client.exports import DownloadIncomplete, download
from skeldir_client.paging import rows

__all__ = [
    "DownloadIncomplete",
    "Refused",
    "SettingMissing",
    "Skeldir",
    "connect",
    "download",
    "rows",
]

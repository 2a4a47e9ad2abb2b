"""The only place that reads the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from skeldir.errors import ConfigurationInvalid

_BROKERS = ("redis", "rediss", "amqp", "amqps", "pyamqp")
_RESULT_BACKENDS = ("redis", "rediss", "rpc")
_CELERY_SCHEMA = "-csearch_path%3Dcelery"
_POSTGRES_URL = re.compile(r"^postgres(?:ql)?(?:\+(?:psycopg|asyncpg))?://")
_STORAGE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_STORAGE_ROLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:[]")
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
LOCAL_SERVICE: Final = "http://127.0.0.1:8000"
"""Where `skeldir up` and `serve` listen unless they are given another address."""


def is_loopback(name: str) -> bool:
    """Return whether the name of a host, without a port, is one of the machine itself."""
    plain = name.strip("[]").lower()
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    try:
        return ip_address(plain).is_loopback
    except ValueError:
        return False


def _read_origin(url: str | None) -> str | None:
    """Return the address of a host as browsers write it in `Origin`: in lower case, without the usual port."""
    if not url:
        return None
    parts = urlsplit(url.strip().lower())
    name, scheme = parts.hostname or "", parts.scheme
    has_more = parts.path.strip("/") or parts.query or parts.fragment
    if scheme not in DEFAULT_PORTS or not name or has_more or not _HOST.issuperset(parts.netloc):
        raise ValueError("it is not the address of a host, such as https://skeldir.example")
    if scheme == "http" and not is_loopback(name):
        raise ValueError("without TLS sessions and keys would be sent in clear text")
    port = None if parts.port == DEFAULT_PORTS[scheme] else parts.port
    return f"{scheme}://{f'[{name}]' if ':' in name else name}{f':{port}' if port else ''}"


PublicUrl = Annotated[str | None, AfterValidator(_read_origin)]
ServiceUrl = Annotated[str, AfterValidator(lambda url: _read_origin(url) or LOCAL_SERVICE)]


class Settings(BaseSettings):
    """What can be configured; every field is an environment variable of the same name.

    `database_url` empty means: start (or join) the embedded PostgreSQL under `skeldir_home`. `celery_broker_url`
    and `celery_result_backend` empty mean: the same PostgreSQL. Times end in `_s` (seconds) or `_ms`.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr | None = None
    # A hot standby of the same database, for reports; older data than this many seconds are not read from it.
    skeldir_read_url: SecretStr | None = None
    skeldir_read_lag_s: Annotated[float, Field(ge=1, le=3_600)] = 5.0
    skeldir_home: Path = Path(".skeldir")
    skeldir_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    skeldir_statement_timeout_ms: Annotated[int, Field(ge=100)] = 30_000
    skeldir_refresh_timeout_ms: Annotated[int, Field(ge=1_000)] = 600_000
    # The share of the time that refreshes of views may take; each staleness class has half of it.
    skeldir_refresh_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    # How long a request waits for a lock that another transaction holds; workers wait for the statement's time-out.
    skeldir_lock_timeout_ms: Annotated[int, Field(ge=10)] = 2_000
    # How long a request waits for a connection of the pool, for the rest of its headers or body, and, when the
    # server is stopping, to finish.
    skeldir_pool_timeout_s: Annotated[float, Field(gt=0)] = 5.0
    skeldir_receive_timeout_s: Annotated[float, Field(gt=0)] = 20.0
    skeldir_shutdown_timeout_s: Annotated[int, Field(ge=1)] = 30
    # Per key and process.
    skeldir_requests_per_second: Annotated[int, Field(ge=1)] = 1_000
    # Per address and process: keys that have not authenticated in this process before.
    skeldir_unknown_keys_per_second: Annotated[int, Field(ge=1)] = 20
    # Per write key, address and process. Behind a proxy all pages have its address: limit them there.
    skeldir_collect_per_address: Annotated[int, Field(ge=1)] = 200
    # The most bytes of a file that a page takes to be imported.
    skeldir_upload_bytes: Annotated[int, Field(ge=1_048_576)] = 104_857_600
    # Set for the processes that `skeldir up` and `serve` start on the embedded server: they share its home.
    skeldir_on_embedded_server: bool = False
    # `id:key` of the keys that seal the secrets of webhooks, the newest first; separated by commas.
    skeldir_sealing_keys: SecretStr | None = None
    # A folder with PayPal's certificates, for machines that cannot fetch them; see docs/webhooks.md.
    skeldir_paypal_certificates: Path | None = None
    # The address by which browsers reach the pages, such as https://skeldir.example; without it, on this machine only.
    skeldir_public_url: PublicUrl = None
    # The service that `skeldir mcp` asks, and a key of scope `read` that it asks with.
    skeldir_url: ServiceUrl = LOCAL_SERVICE
    skeldir_key: SecretStr | None = None
    # The mail server that digests and alerts are handed to, and the sender that they name; without both no e-mail is
    # sent. The port follows from the security: 587 for starttls, 465 for tls, 25 for none.
    skeldir_smtp_host: str | None = None
    skeldir_smtp_port: Annotated[int | None, Field(ge=1, le=65_535)] = None
    skeldir_smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    skeldir_smtp_user: str | None = None
    skeldir_smtp_password_file: Path | None = None
    skeldir_smtp_sender: str | None = None
    # Whether notices may be posted to addresses of this machine and of private networks.
    skeldir_notices_to_private_addresses: bool = False
    # An OpenID Connect provider by which people sign in: see docs/sign-in.md. Without an issuer there is none.
    skeldir_oidc_issuer: str | None = None
    skeldir_oidc_client_id: str | None = None
    skeldir_oidc_client_secret: SecretStr | None = None
    skeldir_oidc_client_secret_file: Path | None = None
    # What the button calls the provider; without it, the issuer's host.
    skeldir_oidc_name: Annotated[str | None, Field(max_length=60)] = None
    skeldir_oidc_prompt: Literal["login", "select_account", "consent"] | None = None
    celery_broker_url: SecretStr | None = None
    celery_result_backend: SecretStr | None = None
    skeldir_api_processes: Annotated[int, Field(ge=1, le=64)] = 1
    # Where the first of several API processes can be reached apart from the others, on the loopback; the next ones use
    # the following ports. 0: nowhere.
    skeldir_api_metrics_port: Annotated[int, Field(ge=0, le=65_000)] = 9400
    skeldir_worker_processes: Annotated[int, Field(ge=1, le=64)] = 2
    # Where the metrics of the first worker process are served, on the loopback; the next ones use the following ports.
    # 0: nowhere.
    skeldir_worker_metrics_port: Annotated[int, Field(ge=0, le=65_000)] = 9464
    skeldir_log_level: Literal["debug", "info", "warning", "error"] = "info"
    skeldir_log_format: Literal["json", "console"] = "json"
    otel_exporter_otlp_endpoint: str | None = None
    # Set on build machines; only `skeldir prove` reads it.
    ci: str = "false"

    @property
    def is_ci(self) -> bool:
        """Whether this runs in continuous integration."""
        return self.ci.strip().lower() in {"1", "true", "yes"}


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationInvalid: a variable cannot be read; the value is not quoted, since it may be a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise ConfigurationInvalid(
            f"{faults}.", cure="Correct the variable; docs/operations.md lists them all."
        ) from None


def plain_postgres_url(url: str, variable: str = "DATABASE_URL") -> str:
    """Return `url` as `postgresql://…`, whichever of the three accepted schemes it has."""
    if not _POSTGRES_URL.match(url):
        raise ConfigurationInvalid(
            f"{variable} does not name a PostgreSQL server.",
            cure="Write it as postgresql://user:password@host:port/database "
            "(postgresql+psycopg:// and postgresql+asyncpg:// mean the same).",
        )
    return _POSTGRES_URL.sub("postgresql://", url, count=1)


def psycopg_url(url: str, variable: str = "DATABASE_URL") -> str:
    """Return `url` in the form that SQLAlchemy opens with psycopg 3."""
    return _POSTGRES_URL.sub("postgresql+psycopg://", plain_postgres_url(url, variable), count=1)


def broker_url_of(settings: Settings, database_url: str) -> str:
    """Return the URL that Celery opens: CELERY_BROKER_URL, or tables of the database at `database_url`.

    Raises:
        ConfigurationInvalid: it is neither PostgreSQL nor Redis nor AMQP.
    """
    url = settings.celery_broker_url
    given = (
        url.get_secret_value() if url is not None else f"sqla+{plain_postgres_url(database_url)}"
    )
    if is_postgres_broker(given):
        return "sqla+" + _with_celery_schema(given.removeprefix("sqla+"), "CELERY_BROKER_URL")
    return _require_scheme(given, "CELERY_BROKER_URL", "sqla+postgresql", _BROKERS)


def result_backend_of(settings: Settings, database_url: str) -> str:
    """Return where Celery keeps the errors of tasks: CELERY_RESULT_BACKEND, or tables of the database.

    Raises:
        ConfigurationInvalid: it is neither PostgreSQL nor Redis nor rpc://.
    """
    url = settings.celery_result_backend
    given = url.get_secret_value() if url is not None else f"db+{plain_postgres_url(database_url)}"
    if given.startswith("db+postgres"):
        return "db+" + _with_celery_schema(given.removeprefix("db+"), "CELERY_RESULT_BACKEND")
    return _require_scheme(given, "CELERY_RESULT_BACKEND", "db+postgresql", _RESULT_BACKENDS)


def is_postgres_broker(broker_url: str) -> bool:
    """Return whether messages go through tables: then there is no fan-out, and a worker is one process."""
    return broker_url.startswith("sqla+postgres")


# glibc gives each thread a heap of its own, and keeps freed memory in them: a worker grew by 7 MB in ten minutes. With
# one heap, whose free memory is returned, it does not grow. Other allocators ignore these names.
_ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "1048576"}


def environment_on(database_url: str) -> dict[str, str]:
    """Return this process's environment with DATABASE_URL as given, for processes that it starts and keeps running.

    Without a DATABASE_URL of its own, the given one is that of the embedded server, which they could not tell.

    Allocator settings that it has stay; otherwise those for long-lived processes are added.
    """
    own = {"DATABASE_URL": database_url}
    if load_settings().database_url is None:
        own["SKELDIR_ON_EMBEDDED_SERVER"] = "true"
    return {**_ALLOCATOR, **os.environ, **own}


def take_system_allocator() -> None:
    """Let Arrow, once it is loaded, take the C library's allocator; its own keeps what it once had.

    Its writer of Parquet does not use the pool that `pyarrow.set_memory_pool` sets.
    """
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"


def _with_celery_schema(url: str, variable: str) -> str:
    """Return `url` for psycopg with Celery's schema first on its search_path, unless it sets another."""
    base, _, query = psycopg_url(url, variable).partition("?")
    fields = [field for field in query.split("&") if field]
    others = [field for field in fields if not field.startswith("options=")]
    options = "".join(field.removeprefix("options=") for field in fields if field not in others)
    if "search_path" not in options:
        options += ("%20" if options else "") + _CELERY_SCHEMA
    return f"{base}?{'&'.join([*others, f'options={options}'])}"


def _require_scheme(url: str, variable: str, ours: str, schemes: tuple[str, ...]) -> str:
    if url.partition("://")[0] not in schemes:
        raise ConfigurationInvalid(
            f"{variable} has a scheme that is not supported.",
            cure=f"Start it with {ours}://, {'://, '.join(schemes)}://, or leave it unset.",
        )
    return url


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """How S3-compatible storage is reached, and which settings it lacks. Keys are for the library alone to read."""

    endpoint: str | None
    region: str | None
    missing: tuple[str, ...]


def read_storage_settings() -> StorageSettings:
    """Read the variables that S3 tools have in common. Roles of containers and pods are as good as keys."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    has_role = any(os.environ.get(name) for name in _STORAGE_ROLES)
    missing = [name for name in _STORAGE_KEYS if not has_role and not os.environ.get(name)]
    if not (endpoint or region):
        missing.append("AWS_REGION")
    return StorageSettings(endpoint or None, region or None, tuple(missing))

"""An OpenID Connect provider of the tests' own, on the loopback, which can be made to say what no real one does."""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT_ID = "skeldir tests"
CLIENT_SECRET = "a secret: with/signs"


@dataclass
class OwnProvider:
    """What the provider says; a test changes it. `asked` are the paths of requests to it."""

    port: int
    key: ECKey = field(default_factory=lambda: new_key("first"))
    listed: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[OwnProvider, dict[str, Any]], str] | None = None
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the settings of a service on `http://localhost` that signs people in here."""
        return {
            "SKELDIR_PUBLIC_URL": "http://localhost",
            "SKELDIR_OIDC_ISSUER": self.issuer,
            "SKELDIR_OIDC_CLIENT_ID": CLIENT_ID,
            "SKELDIR_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "SKELDIR_OIDC_NAME": "Example Login",
        }

    def let_in(self, place: str, subject: str) -> str:
        """Sign somebody in who was led to `place`; return the path to which the provider leads back."""
        asked = dict(parse_qsl(urlsplit(place).query, strict_parsing=True))
        code = secrets.token_urlsafe(12)
        self.codes[code] = {**asked, "sub": subject}
        back = urlsplit(asked["redirect_uri"])
        return (
            f"{back.path}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"
        )

    def rotate(self, name: str) -> None:
        """Sign with a new key from now on, and list it alone."""
        self.key = new_key(name)

    def answer(self, path: str, fields: dict[str, str], authorization: str) -> tuple[int, Any]:
        """Return the status and the document of an answer."""
        if path == "/.well-known/openid-configuration":
            return 200, self._describe()
        if path == "/keys":
            return 200, {"keys": [*self.listed, self.key.as_dict(private=False)]}
        if path == "/userinfo":
            is_known = authorization == "Bearer opaque"
            return (200, self.user_info) if is_known else (401, {})
        if path == "/token":
            return self._redeem(fields, authorization)
        return 404, {}

    def _describe(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=a",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            **self.metadata,
        }

    def _redeem(self, fields: dict[str, str], authorization: str) -> tuple[int, Any]:
        pair = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(pair[0]), unquote_plus(pair[2])) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(fields["code"], None)
        challenge = urlsafe_b64encode(sha256(fields["code_verifier"].encode()).digest())
        if (
            asked is None
            # It has seen the nonce when the browser came, so the verifier must be another secret.
            or fields["code_verifier"] == asked["nonce"]
            or asked["redirect_uri"] != fields["redirect_uri"]
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge.decode().rstrip("=")
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": asked["sub"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        stated = {name: value for name, value in claims.items() if value is not None}
        sign = self.sign or sign_by_key
        return 200, {"id_token": sign(self, stated), "access_token": "opaque"}


def new_key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name})


def sign_by_key(provider: OwnProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, provider.key)


@contextmanager
def own_provider() -> Iterator[OwnProvider]:
    """Run a provider of the tests' own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = (
            -1
        )  # head and body in one piece, for which the receiver's acknowledgement is not awaited

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._answer({name: values[0] for name, values in parse_qs(body.decode()).items()})

        def _answer(self, fields: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            if path in provider.answers:
                status, content = provider.answers[path]
            else:
                status, document = provider.answer(
                    path, fields, self.headers.get("authorization", "")
                )
                content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            if status in (302, 307):
                self.send_header("location", f"{provider.issuer}/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            del code, size

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = OwnProvider(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def place_in(page: httpx2.Response) -> str:
    """Return where a page leads, by its header and by its link alike."""
    assert page.status_code == 200, page.text
    place = page.headers["refresh"].removeprefix("0; url=")
    assert f'href="{place}"' in unescape(page.text)
    return place

"""S3-compatible storage of one bucket in memory: as much of its protocol as deliveries speak, and what may go wrong."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "exports"
KEY, SECRET = "AKIDTEST", "verysecretkey"


@dataclass(slots=True)
class Stored:
    """An object: what it holds, and its headers."""

    content: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class Bucket:
    """What is stored, which names were written in which order, and when the storage refuses or never answers."""

    url: str = ""
    objects: dict[str, Stored] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    denies_writing: bool = False
    stops_at: str | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def environment(self) -> dict[str, str]:
        """Return the variables by which S3 tools find it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def names(self, prefix: str) -> set[str]:
        """Return the names under a prefix."""
        return {name.removeprefix(prefix) for name in self.objects if name.startswith(prefix)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_: object) -> None:
        pass

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        echoed = f"<AWSAccessKeyId>{KEY}</AWSAccessKeyId><StringToSign>{SECRET}</StringToSign>"
        self._answer(status, f"<Error><Code>{code}</Code>{echoed}</Error>".encode())

    def _read(self) -> tuple[str, dict[str, str], bytes] | None:
        """Return the key, the query and the body of a request that is signed; None if it was refused."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        signature = self.headers.get("Authorization") or ""
        digest = self.headers.get("x-amz-content-sha256") or ""
        if not signature.startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/"):
            self._refuse(403, "InvalidAccessKeyId")
        elif digest not in (hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"):
            self._refuse(400, "XAmzContentSHA256Mismatch")
        elif bucket != BUCKET:
            self._refuse(404, "NoSuchBucket")
        elif self.command in ("PUT", "POST", "DELETE") and self.bucket.denies_writing:
            self._refuse(403, "AccessDenied")
        elif self.command == "PUT" and self.bucket.stops_at == key.rpartition("/")[2]:
            self.bucket.stopped.set()
            self.bucket.goes_on.wait(60)
            self.close_connection = True
        else:
            return key, query, body
        return None

    def _kept_headers(self) -> dict[str, str]:
        kept = {
            k.lower(): v for k, v in self.headers.items() if k.lower().startswith("x-amz-meta-")
        }
        return {**kept, "Content-Type": self.headers.get("Content-Type", "")}

    def _store(self, key: str, content: bytes, headers: dict[str, str]) -> None:
        self.bucket.objects[key] = Stored(content, headers)
        self.bucket.written.append(key)

    def do_PUT(self) -> None:
        if (asked := self._read()) is None:
            return
        key, query, body = asked
        if "uploadId" in query:
            self.bucket.parts[query["uploadId"]][int(query["partNumber"])] = body
        else:
            self._store(key, body, self._kept_headers())
        self._answer(200, headers={"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'})

    def do_POST(self) -> None:
        if (asked := self._read()) is None:
            return
        key, query, _ = asked
        if "uploads" in query:
            upload = str(len(self.bucket.begun) + 1)
            self.bucket.begun[upload], self.bucket.parts[upload] = self._kept_headers(), {}
            text = (
                "<InitiateMultipartUploadResult>"
                f"<Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
                "</InitiateMultipartUploadResult>"
            )
        else:
            parts = self.bucket.parts[query["uploadId"]]
            content = b"".join(parts[number] for number in sorted(parts))
            self._store(key, content, self.bucket.begun[query["uploadId"]])
            text = (
                f"<CompleteMultipartUploadResult><Location>x</Location><Bucket>{BUCKET}</Bucket>"
                f"<Key>{escape(key)}</Key><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>"
            )
        self._answer(200, text.encode())

    def do_DELETE(self) -> None:
        if (asked := self._read()) is not None:
            self.bucket.objects.pop(asked[0], None)
            self.bucket.written.append(f"-{asked[0]}")
            self._answer(204)

    def do_HEAD(self) -> None:
        if (asked := self._read()) is None:
            return
        if (found := self.bucket.objects.get(asked[0])) is None:
            self._answer(404)
            return
        headers = {
            "Content-Length": str(len(found.content)),
            "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT",
            "ETag": '"e"',
            **found.headers,
        }
        self._answer(200, headers=headers)

    def do_GET(self) -> None:
        if (asked := self._read()) is None:
            return
        prefix = asked[1].get("prefix", "")
        listed = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(one.content)}</Size><ETag>&quot;e&quot;</ETag>"
            "<LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents>"
            for name, one in sorted(self.bucket.objects.items())
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
        )
        self._answer(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())


@contextmanager
def open_storage() -> Iterator[Bucket]:
    """Serve an empty bucket over HTTP during the block."""
    bucket = Bucket()
    handler = type("Handler", (_Handler,), {"bucket": bucket})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        bucket.goes_on.set()
        server.shutdown()
        server.server_close()
        thread.join()

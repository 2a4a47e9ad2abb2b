# One image for all parts of the service; the command selects the part. compose.yaml runs them together.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/base.txt requirements/
RUN python -m venv /opt/skeldir \
    && /opt/skeldir/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY LICENSE README.md pyproject.toml ./
COPY examples/mappings examples/mappings
COPY src src
RUN /opt/skeldir/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/skeldir skeldir
COPY --from=build /opt/skeldir /opt/skeldir
ENV PATH=/opt/skeldir/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SKELDIR_HOME=/var/lib/skeldir/home
USER 10001
WORKDIR /var/lib/skeldir
EXPOSE 8000
# This checks the API; compose.yaml has the checks of the other parts.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["skeldir"]
CMD ["serve", "--host", "0.0.0.0"]

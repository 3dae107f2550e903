# Televote in a container: docs/administrator.md, "Docker".
FROM python:3.11-slim-bookworm AS build

WORKDIR /src
# The virtual environment has no pip of its own; the image's pip fills it, from the lock and nothing else.
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/televote \
    && pip --python /opt/televote/bin/python install --no-cache-dir --no-compile --only-binary :all: \
       --require-hashes -r requirements.lock

# Four packages of plain Python: copying them is installing them, and needs no build tool.
COPY gateway/ /opt/televote/lib/python3.11/site-packages/gateway/
COPY config/ /opt/televote/lib/python3.11/site-packages/config/
COPY dedup/ /opt/televote/lib/python3.11/site-packages/dedup/
COPY tally/ /opt/televote/lib/python3.11/site-packages/tally/
COPY LICENSE /opt/televote/
# Byte code is made here, once: the container's root may be read-only.
RUN printf '#!/opt/televote/bin/python\nfrom gateway.cli import main\nmain()\n' > /opt/televote/bin/televote \
    && chmod 755 /opt/televote/bin/televote \
    && /opt/televote/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/televote/lib \
    && /opt/televote/bin/televote --version

FROM python:3.11-slim-bookworm

LABEL org.opencontainers.image.title="televote" \
      org.opencontainers.image.description="Counts public votes sent by SMS and by telephone hotline" \
      org.opencontainers.image.licenses="Apache-2.0"

# What sets PDFs, and a font with Chinese letters for them. Debian's latest fixes are wanted, not fixed versions.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
       fonts-wqy-microhei libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/televote /opt/televote
RUN install -d -o 10001 -g 10001 -m 700 /data

ENV PATH=/opt/televote/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TELEVOTE_SETTINGS=/data/televote.toml \
    TELEVOTE_LISTEN=0.0.0.0:8080

USER 10001:10001
WORKDIR /data
# Settings, campaign files, secrets and the database; nothing else is written.
VOLUME ["/data"]
EXPOSE 8080

# A stop drains: requests under way get up to eight seconds, then the last commit is finished.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["televote", "health"]

ENTRYPOINT ["televote"]
CMD ["serve"]

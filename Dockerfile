# Paperboy as one small image: docker compose up -d --build
# Written in the subset that Docker (BuildKit) and Buildah both understand; so no HEALTHCHECK --start-interval
# here (compose.yaml has it), no here-documents, no COPY --link.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore

# Without pip: the base image's own pip fills it, and the finished image has none.
RUN python -m venv --without-pip /opt/paperboy

WORKDIR /src

# Dependencies first and alone: this layer is rebuilt only when the lock changes. The two secrets are for
# machines behind a package mirror (--secret id=pipconf,src=... --secret id=ca,src=...); they reach pip and
# leave no trace in the image, and where they are not given nothing is missing.
COPY requirements.lock ./
RUN --mount=type=secret,id=pipconf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/run/secrets/ca.crt \
    pip --python /opt/paperboy/bin/python install --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY storage storage
RUN --mount=type=secret,id=pipconf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/run/secrets/ca.crt \
    pip --python /opt/paperboy/bin/python install --no-deps .


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Paperboy" \
      org.opencontainers.image.description="A self-hosted Discord bot that posts trending research papers: one digest a day per channel" \
      org.opencontainers.image.licenses="MIT"

# 10001 lies above the accounts of any host, so a file that escapes belongs to nobody there.
RUN groupadd --gid 10001 paperboy \
    && useradd --no-log-init --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin paperboy \
    && install -d -o 10001 -g 10001 -m 0750 /data

# Owned by root and already byte-compiled: the bot can run its code but not change it.
COPY --from=build /opt/paperboy /opt/paperboy

# PYTHONSAFEPATH: what lies in the working directory never becomes an import.
# SQLITE_TMPDIR: a large sort spills to the volume; /tmp is small and counts as memory.
ENV PATH=/opt/paperboy/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1 \
    SQLITE_TMPDIR=/data \
    PAPERBOY_DATABASE=/data/paperboy.sqlite

# Numeric, so that "must not run as root" policies can see it.
USER 10001:10001
WORKDIR /data
VOLUME /data

# Reads the heartbeat that the running bot writes; asks nothing of the network.
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "bot", "check", "--alive"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]

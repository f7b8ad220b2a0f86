# The tool as a container: web process by default, worker with `lti-tool worker`. State lives in /data and in PostgreSQL.
# Build stage: a wheel of the tool and wheels of what it needs. Catalogues are compiled while the wheel is made.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY lti_tool lti_tool
COPY xapi xapi
RUN python -m venv /opt/lti-tool \
 && /opt/lti-tool/bin/python -m pip install --no-cache-dir --disable-pip-version-check ".[postgres]"

FROM python:3.11-slim
# A user without rights and without a shell; its number is fixed, so that volumes keep their owner over rebuilds.
RUN useradd --system --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin lti-tool
COPY --from=build /opt/lti-tool /opt/lti-tool
COPY config /srv/lti-tool/config
ENV PATH=/opt/lti-tool/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LTI_TOOL_CONFIG_DIR=/srv/lti-tool/config \
    LTI_TOOL_DATA_DIR=/data \
    LTI_TOOL_KEYS_DIR=/data/keys \
    LTI_TOOL_DATABASE_URL=sqlite:////data/lti-tool.sqlite3
USER lti-tool
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Liveness only: a database that is down must not make the container be killed. /readyz tells about that.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Once before the first start and at each upgrade: lti-tool db upgrade; once: lti-tool keys new
CMD ["lti-tool", "serve", "--host", "0.0.0.0", "--port", "8000"]

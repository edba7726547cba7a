# The same with a cache mount of BuildKit, which keeps what pip downloaded.
ARG BASE
FROM ${BASE}
ARG PIP_INDEX_URL
ARG SERVERS
ARG CACHE_ID
COPY requirements.txt /app/
RUN --mount=type=cache,id=${CACHE_ID},target=/root/.cache/pip python3 -m pip install -r /app/requirements.txt ${SERVERS}
COPY . /app/
USER 1002:1001

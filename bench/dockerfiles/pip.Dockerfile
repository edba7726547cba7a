# As most tutorials write it: requirements first, so that they are a layer of their own; no cache of pip in the image.
# (Without WORKDIR, which BuildKit makes an empty layer of; `docker run --workdir` says it.)
ARG BASE
FROM ${BASE}
ARG PIP_INDEX_URL
ARG SERVERS
COPY requirements.txt /app/
RUN python3 -m pip install --no-cache-dir -r /app/requirements.txt ${SERVERS}
COPY . /app/
USER 1002:1001

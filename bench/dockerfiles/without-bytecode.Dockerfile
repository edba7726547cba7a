# Our image as it would be without our bytecode. The interpreter's own stays: it is the run image's.
ARG IMAGE
FROM ${IMAGE}
USER root
RUN ["python3", "-c", "import pathlib; [p.unlink() for root in ('/layers', '/workspace') for p in pathlib.Path(root).rglob('*.pyc')]"]
USER 1002:1001

# The run image with pip, so that every contestant stands on the same packages of Debian. Built by bench/builders.py.
ARG RUN_IMAGE
FROM ${RUN_IMAGE}
ARG PATCH
ARG PYTHON
USER root
COPY pip/ /usr/local/lib/python${PYTHON}/dist-packages/
RUN python3 -m compileall -q /usr/local/lib && echo ${PATCH} >/etc/python-patch
# As the images called "python" do: pip installs into /usr/local.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

FROM python:3.12-slim AS wheel
COPY . /source
RUN pip wheel --no-cache-dir --wheel-dir /wheels /source

FROM python:3.12-slim
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels maillage \
    && useradd --system --uid 10001 --home-dir /data maillage \
    && install -d -m 700 -o maillage -g maillage /data /data/keys
USER maillage
WORKDIR /etc/maillage
VOLUME /data
ENTRYPOINT ["maillage"]
CMD ["serve"]

FROM postgres:17-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends patroni python3-etcd python3-psycopg2 \
    && rm -rf /var/lib/apt/lists/*
COPY --chmod=755 create-shop /usr/local/bin/create-shop
USER postgres
# Names and addresses are the container's own.
CMD ["sh", "-c", "PATRONI_NAME=$(hostname) \
    PATRONI_POSTGRESQL_CONNECT_ADDRESS=$(hostname):5432 \
    PATRONI_RESTAPI_CONNECT_ADDRESS=$(hostname):8008 \
    exec patroni /etc/patroni.yml"]

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/*
USER postgres
CMD ["sh", "-c", "umask 077 && printf '\"shop\" \"%s\"\\n' \"$SHOP_PASSWORD\" > /tmp/users.txt \
    && exec pgbouncer /etc/pgbouncer/pgbouncer.ini"]

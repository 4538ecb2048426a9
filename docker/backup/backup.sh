#!/bin/sh
# One backup: the two databases, and apart from them the keys that open what they hold.
# Whoever has only one of the two folders reads nothing. Needs PostgreSQL's pg_dump and a password
# in PGPASSFILE or in /run/secrets/postgres_password.
#   backup.sh [once|daily]   BACKUPS, KEYS: folders; KEEP_DAYS: how long a copy is kept
set -eu
umask 077
: "${BACKUPS:=/backups}" "${KEYS:=/backups-keys}" "${KEEP_DAYS:=14}"
secret=/run/secrets/postgres_password
if [ -z "${PGPASSFILE:-}" ] && [ -r "$secret" ]; then
    PGPASSFILE=$(mktemp)
    export PGPASSFILE
    printf '*:*:*:*:%s\n' "$(cat "$secret")" >"$PGPASSFILE"
fi
dump() { # file, then what pg_dump is told: written aside, so that half a copy never has the name
    file=$1
    shift
    pg_dump --format=custom --no-owner --no-privileges --file="$file.part" "$@"
    mv "$file.part" "$file"
}
once() {
    stamp=$(date -u +%Y%m%dT%H%M%SZ)
    # The database first: keys are only added or erased, so that the later copy of keys opens it.
    dump "$BACKUPS/maillage-$stamp.dump" --exclude-table-data=data_keys maillage
    dump "$KEYS/data_keys-$stamp.dump" --data-only --table=data_keys maillage
    if [ "${SYNAPSE:-synapse}" != none ]; then
        dump "$BACKUPS/synapse-$stamp.dump" "${SYNAPSE:-synapse}"
    fi
    # Erasing somebody is erasing their key: copies of keys must not live long.
    find "$BACKUPS" "$KEYS" -name '*.dump' -mtime "+$KEEP_DAYS" -delete
    find "$BACKUPS" "$KEYS" -name '*.part' -mmin +600 -delete
    echo "$stamp"
}
case ${1:-once} in
once) once ;;
daily)
    while :; do
        once || echo "backup failed" >&2
        sleep 86400 &
        wait $!
    done
    ;;
*)
    echo "usage: backup.sh [once|daily]" >&2
    exit 2
    ;;
esac

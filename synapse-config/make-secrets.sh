#!/bin/sh
# Makes the passwords of a deployment, once: ./secrets by default. Never overwrites one.
# The folder is closed to others; the files are not, for each container reads them as its own user.
set -eu
folder=${1:-secrets}
word() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { # name, content on standard input
    if [ -e "$folder/$1" ]; then cat >/dev/null; else
        cat >"$folder/$1.new"
        chmod 644 "$folder/$1.new"
        mv "$folder/$1.new" "$folder/$1"
        echo "$folder/$1"
    fi
}
mkdir -p "$folder"
chmod 700 "$folder"
echo '*' | make .gitignore
: | make registration # to be filled by `maillage registration`
# What signs events: algorithm, version, seed in unpadded base64.
echo "ed25519 a_$(word | cut -c1-4) $(head -c32 /dev/urandom | base64 | tr -d '=\n')" | make signing_key
word | make postgres_password
word | make synapse_password
word | make maillage_password
synapse_password=$(cat "$folder/synapse_password")
maillage_password=$(cat "$folder/maillage_password")

make databases <<END
CREATE ROLE synapse LOGIN PASSWORD '$synapse_password';
CREATE ROLE maillage LOGIN PASSWORD '$maillage_password';
CREATE DATABASE synapse OWNER synapse ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE maillage OWNER maillage ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
REVOKE CONNECT ON DATABASE synapse, maillage FROM PUBLIC;
END

make synapse <<END
registration_shared_secret: "$(word)"
macaroon_secret_key: "$(word)"
form_secret: "$(word)"
database:
  name: psycopg2
  args:
    user: synapse
    password: "$synapse_password"
    dbname: synapse
    host: postgres
    cp_min: 5
    cp_max: 10
END

make maillage_dsn <<END
postgresql://maillage:$maillage_password@postgres/maillage
END

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
word | make kannel_password
word | make kannel_secret
word | make kannel_admin
word | make grafana_password
synapse_password=$(cat "$folder/synapse_password")
maillage_password=$(cat "$folder/maillage_password")
kannel_password=$(cat "$folder/kannel_password")
kannel_secret=$(cat "$folder/kannel_secret")
kannel_admin=$(cat "$folder/kannel_admin")

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
worker_replication_secret: "$(word)"
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

# The whole configuration of Kannel, since half of it is passwords. Change each line that says
# CHANGE. Nothing is logged of what people write: no access log, and the boxes run with -v 4.
make kannel <<END
group = core
admin-port = 13000
admin-interface = 127.0.0.1
admin-password = $kannel_admin
status-password = $kannel_admin
smsbox-port = 13001
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
dlr-storage = spool
dlr-spool = "/var/spool/sms/dlr"
store-type = spool
store-location = "/var/spool/sms/store"
sms-resend-freq = 5
sms-resend-retry = 60
sms-combine-concatenated-mo = true
sms-combine-concatenated-mo-timeout = 600

# The operator's SMPP door.
group = smsc
smsc = smpp
smsc-id = operateur
# CHANGE: the operator's host, port, account, password and, where it asks for it, system type
host = smpp.example.fr
port = 2775
smsc-username = "CHANGE"
smsc-password = "CHANGE"
system-type = "VMA"
transceiver-mode = true
interface-version = 34
enquire-link-interval = 30
max-pending-submits = 10
reconnect-delay = 10
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013
sendsms-interface = 0.0.0.0
# A day: what nobody took by then, an answer or a receipt, is lost.
http-request-retry = 8640
http-queue-delay = 10

group = sendsms-user
username = maillage
password = $kannel_password
max-messages = 6
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://maillage:29321/$kannel_secret/mo?from=%p&to=%P&text=%b&coding=%c&charset=%C&at=%T&id=%I"
END

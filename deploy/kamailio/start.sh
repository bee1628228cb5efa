# Lays the registrar's tables out where there are none, and starts it: POSTGRES says where they are.
#
#   POSTGRES=postgres://turnup@127.0.0.1/registrar PGPASSWORD=... sh start.sh -A REALM=sip.example.com
set -e
here=$(cd "$(dirname "$0")" && pwd)
own=/usr/share/kamailio/postgres
if [ -z "$(psql -Atc "SELECT to_regclass('workspace')" "$POSTGRES")" ]; then
    cat $own/standard-create.sql $own/auth_db-create.sql $own/usrloc-create.sql $own/dialog-create.sql \
        "$here/postgres.sql" |
        psql -q -1 -v ON_ERROR_STOP=1 "$POSTGRES"
fi
# Where Debian keeps it, and not everybody looks.
PATH=$PATH:/usr/sbin
exec kamailio -DD -E -w . -Y . -f "$here/kamailio.cfg" -A "POSTGRES=$POSTGRES" "$@"

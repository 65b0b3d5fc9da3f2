#!/bin/sh
# Give Kibana's own user its password, and Fanal a role and a login. Passwords are read from files, and stand in no argument.
set -eu
umask 077
read_secret() { cat "/run/secrets/$1"; }
printf 'user = "elastic:%s"\n' "$(read_secret elastic_password)" > /tmp/login
ask() {
    curl --silent --show-error --fail-with-body --config /tmp/login --header 'Content-Type: application/json' \
        --output /tmp/answer --request "$1" --data-binary @- "http://elasticsearch:9200/_security/$2" ||
        { echo "logins: $2 was refused" >&2; exit 1; }
}
printf '{"password": "%s"}' "$(read_secret kibana_password)" | ask POST user/kibana_system/_password
ask PUT role/fanal << 'ROLE'
{
  "cluster": ["monitor", "manage_index_templates"],
  "indices": [
    {
      "names": ["fanal-*"],
      "privileges": ["read", "write", "create_index", "view_index_metadata", "maintenance", "manage"]
    }
  ]
}
ROLE
printf '{"password": "%s", "roles": ["fanal"]}' "$(read_secret fanal_password)" | ask PUT user/fanal
echo "logins: Kibana and Fanal can log in"

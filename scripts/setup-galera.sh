#!/usr/bin/env bash
# Unpacks the programs by which a node of a Galera cluster gets its data from another one (`wsrep_sst_rsync`) into the
# cache folder. Debian has them in the package of the system service, which tests have no use for.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

folder=$CHATKEEP_CACHE/galera
if command -v wsrep_sst_rsync >/dev/null || [ -e "$folder/wsrep_sst_rsync" ]; then exit 0; fi

for program in apt-get dpkg-deb; do
    if ! command -v "$program" >/dev/null; then
        echo "setup: please install MariaDB's wsrep_sst_rsync (Debian's package is mariadb-server), then try again" >&2
        exit 1
    fi
done
work=$(mktemp -d "$CHATKEEP_CACHE/galera.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "setup: fetching the programs of a Galera cluster" >&2
(
    cd "$work"
    # The lists are older than the packages at times: then they are fetched first.
    if ! apt-get -q -o APT::Sandbox::User= download mariadb-server >log 2>&1; then
        [ "$(id -u)" -ne 0 ] || apt-get -q update >>log 2>&1 || true
        apt-get -q -o APT::Sandbox::User= download mariadb-server >>log 2>&1 || { cat log >&2; exit 1; }
    fi
    dpkg-deb --extract mariadb-server_*.deb root
)
mkdir -p "$work/programs"
cp "$work"/root/usr/bin/wsrep_sst_{common,rsync} "$work/programs/"
rm -rf "$folder"
mv "$work/programs" "$folder"

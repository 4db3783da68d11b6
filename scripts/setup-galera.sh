#!/usr/bin/env bash
# Unpacks the programs with which a node of a Galera cluster receives its data from another one
# (`wsrep_sst_rsync`) into the cache folder. In Debian they are part of the package of the system
# service, which tests do not need.
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
    # The package lists may be outdated; then they are fetched first.
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

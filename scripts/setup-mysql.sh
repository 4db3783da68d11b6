#!/usr/bin/env bash
# Unpacks a MySQL server into the cache folder, for tests. Only the unstable suite of Debian has
# one. Its packages are fetched and verified by apt and unpacked into a folder, with the libraries
# and the loader they were built for. Nothing is installed into this system, and no privileges are
# needed.
#
# Only MySQL may be missing. Then this script stores the reason in the file `absent` and succeeds,
# and the test run reports it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

folder=$CHATKEEP_CACHE/mysql
[ ! -x "$folder/root/usr/sbin/mysqld" ] || exit 0
mkdir -p "$folder"
rm -f "$folder/absent"

absent() {
    echo "$*" >"$folder/absent"
    echo "setup: continuing without MySQL: $*" >&2
    exit 0
}

for program in apt-get dpkg-deb; do
    command -v "$program" >/dev/null || absent "unpacking Debian packages requires $program"
done

work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/lists/partial "$work"/archives/partial "$work"/root
: >"$work/status"

# The mirror that this machine uses for its own release. The machine-wide apt settings (proxy,
# certificates) still apply.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016 # apt-get fills these in
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release && $2 == "main" && !found { print $3; found = 1 }')
keyring=
for file in /usr/share/keyrings/debian-archive-keyring.pgp /usr/share/keyrings/debian-archive-keyring.gpg; do
    [ ! -e "$file" ] || keyring=${keyring:-$file}
done
if [ -z "$mirror" ] || [ -z "$keyring" ]; then
    absent "the apt settings contain no Debian mirror with a keyring"
fi
echo "deb [target=Packages signed-by=$keyring] $mirror sid main" >"$work/sources.list"

apt=(apt-get -q -y
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=- -o APT::Default-Release=
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::State::extended_states=$work/extended" -o "Dir::Cache::archives=$work/archives"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3)

update() { "${apt[@]}" -o APT::Update::Error-Mode=any update >"$work/log" 2>&1; }

reason() { grep -m 1 '^E:' "$work/log" || grep -m 1 '^W:' "$work/log" || tail -n 1 "$work/log"; }

echo "setup: fetching MySQL for the tests" >&2
if ! update; then
    # Older releases receive a new signing key as an update of the keyring package.
    if [ "$(id -u)" -eq 0 ] && grep -q NO_PUBKEY "$work/log"; then
        quietly apt-get -q update || true
        quietly apt-get -q -y install --only-upgrade debian-archive-keyring || true
    fi
    update || absent "fetching the package list failed: $(reason)"
fi
"${apt[@]}" install --download-only --no-install-recommends mysql-server-core >"$work/log" 2>&1 ||
    absent "fetching its packages failed: $(reason)"

for package in "$work"/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/root" >"$work/log" 2>&1 || absent "unpacking $package failed: $(reason)"
done
# Files that the server never reads.
rm -rf "$work"/root/usr/share/{doc,man,perl,perl5,locale,lintian} "$work"/root/usr/lib/*/perl*

libraries=$(echo "$work"/root/usr/lib/*-linux-gnu)
loader=$(echo "$libraries"/ld-linux*)
"$loader" --library-path "$libraries" "$work/root/usr/sbin/mysqld" --no-defaults --version >"$work/log" 2>&1 ||
    absent "the server does not run: $(reason)"
rm -rf "$folder/root"
mv "$work/root" "$folder/root"

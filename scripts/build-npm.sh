#!/usr/bin/env bash
# Packs the npm packages, chatkeep and that of a platform, and prints the folder that contains both.
#
#   scripts/build-npm.sh                      for systems like this one that are not older
#   scripts/build-npm.sh --dev                without optimisation; takes seconds if the tests are built
#   scripts/build-npm.sh --platform TRIPLE    as published: for a platform of node/platforms.json, linked by
#                                             cargo-zigbuild for all Linux systems that Node 20 supports
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

# Minimum version of the official builds of Node 20.
GLIBC=2.28

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
profile=release folder=$target/npm triple=
case ${1:-} in
--dev) profile=dev folder=$folder-dev ;;
--platform) triple=${2:?} ;;
esac

build=(--quiet --locked --profile "$profile" -p chatkeep-node)
if [ -n "$triple" ]; then
    rust=$(node -p "require('./node/platforms.json')['$triple'].target")
    version=
    case $triple in
    linux-*-gnu) version=.$GLIBC ;;
    # Rust would link musl statically, but Node provides it already.
    linux-*-musl) export RUSTFLAGS="-C target-feature=-crt-static" ;;
    esac
    CARGO_PROFILE_RELEASE_STRIP=symbols quietly cargo zigbuild "${build[@]}" --target "$rust$version"
    output=$target/$rust/release
else
    triple=$(node -p "const { platform, arch, report } = process
        const gnu = platform === 'linux' && report.getReport().header.glibcVersionRuntime
        platform + '-' + arch + ({ linux: gnu ? '-gnu' : '-musl', win32: '-msvc' }[platform] ?? '')")
    quietly cargo build "${build[@]}"
    output=$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
fi
for name in libchatkeep_node.so libchatkeep_node.dylib chatkeep_node.dll; do
    if [ -e "$output/$name" ]; then library=$output/$name; fi
done

rm -rf "$folder"
mkdir -p "$folder"
cp "$library" "$folder/library"
# Debug information is most of its size. On Windows it is a separate file.
if [ "${1:-}" != --platform ] && [ "${triple%%-*}" != win32 ]; then strip -S -x "$folder/library"; fi
node node/pack.mjs platform "$folder/library" "$triple" "$folder"
rm "$folder/library"
node node/pack.mjs package "$folder"
echo "$folder"

#!/bin/sh
# Installs the programs that tests start for real, where they are missing: what reads archives, what rotates files.
# Quick when all are there. Without root or apt it names what is missing and stops.
set -eu

missing=
for pair in gzip:gzip lz4:lz4 zstd:zstd logrotate:logrotate setpriv:util-linux chattr:e2fsprogs mount:mount; do
    program=${pair%%:*}
    command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "yarder: the tests start programs that are missing here; install:$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of packages
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing >/dev/null; }

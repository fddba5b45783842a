#!/bin/sh
# Runs each fuzz target (or the named ones) for FUZZ_SECONDS (default 60), each from its seeds.
#
#   scripts/fuzz.sh [TARGET...]
#
# Needs a nightly tool chain; cargo-fuzz is installed into target/tools when it is not on the PATH.
set -eu
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
tools=$PWD/target/tools
PATH=$PATH:$tools/bin
export PATH

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "yarder: fuzzing needs a nightly Rust tool chain: rustup toolchain install nightly" >&2
    exit 69
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --root "$tools"
fi
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # target names hold no spaces
    set -- $(cargo +nightly fuzz list)
fi
for target in "$@"; do
    echo "== $target, $seconds s"
    # New inputs go to the corpus, which is kept out of the repository; the seeds are read only.
    mkdir -p "fuzz/corpus/$target"
    cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -dict=fuzz/record.dict -max_total_time="$seconds"
done

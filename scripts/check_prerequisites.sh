#!/bin/sh
# Checks what `make` cannot install by itself: Python, a Rust tool chain, a C linker.
# Names everything that is missing or too old at once, with the version needed and a way to get it.
#
#   scripts/check_prerequisites.sh [PYTHON]
#
# PYTHON is the interpreter to build for (default: python3). CC, CARGO and RUSTC are honoured.
# Plain sh on purpose: it has to run where Python is the thing that is missing.
set -u

python=${1:-python3}
cargo=${CARGO:-cargo}
rustc=${RUSTC:-rustc}
cc=${CC:-cc}
need_python=3.11
need_rust=1.85
bad=0

say() {
    bad=1
    printf 'yarder: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '        %s\n' "$line" >&2; done
}

# at_least HAVE WANT: compares the first two numbers of two versions.
at_least() {
    have_major=${1%%.*}
    rest=${1#*.}
    have_minor=${rest%%.*}
    have_minor=${have_minor%%[!0-9]*}
    [ "$have_major" -gt "${2%%.*}" ] ||
        { [ "$have_major" -eq "${2%%.*}" ] && [ "$have_minor" -ge "${2#*.}" ]; }
}

get_python="Debian or Ubuntu: apt install python3 python3-venv. Fedora: dnf install python3. Else python.org or pyenv."
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version=
if [ -z "$version" ]; then
    say "Python $need_python or newer is needed; '$python' does not run." "$get_python" \
        "Another interpreter: make PYTHON=/path/to/python3.12 ..."
elif ! at_least "$version" "$need_python"; then
    say "Python $need_python or newer is needed; '$python' is $version." "$get_python" \
        "Another interpreter: make PYTHON=/path/to/python3.12 ..."
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    say "'$python' has no venv and ensurepip modules." "Debian or Ubuntu: apt install python3-venv"
fi

get_rust="Get it with rustup (rustup.rs): rustup toolchain install stable. A distribution's package may be too old."
version=$("$rustc" --version 2>/dev/null | cut -d' ' -f2) || version=
if [ -z "$version" ] || ! "$cargo" --version >/dev/null 2>&1; then
    say "Rust $need_rust or newer (rustc and cargo) is needed; none was found." "$get_rust"
elif ! at_least "$version" "$need_rust"; then
    say "Rust $need_rust or newer is needed; '$rustc' is $version." "$get_rust"
fi

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
printf 'int main(void) { return 0; }\n' >"$probe/probe.c"
if ! "$cc" "$probe/probe.c" -o "$probe/probe" 2>/dev/null; then
    say "A C compiler that links is needed (any version); '$cc' does not." \
        "Debian or Ubuntu: apt install gcc libc6-dev. Fedora: dnf install gcc. Another one: make CC=clang ..."
fi

case $(uname -s) in
    Linux) ;;
    *) say "Linux is needed to run yarder's rings; this is $(uname -s)." "See the limits in README.md." ;;
esac

exit $bad

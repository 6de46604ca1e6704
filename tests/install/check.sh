#!/usr/bin/env bash
# Installs a build into a fresh tree, moves the tree, and uses it from outside: find_package (shared, static, C++17), the example
# consumer, and pkg-config (shared, static).
#
#   check.sh BUILD_DIRECTORY WORK_DIRECTORY
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: $0 build-directory work-directory" >&2
    exit 2
fi
build=$1
work=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cmake=${CMAKE:-cmake}
cc=${CC:-cc}
prefix=$work/prefix

rm -rf "$work"
mkdir -p "$work"
# Moved after the installation: what is installed must not remember where it was put first.
"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$prefix"

consume() { # name, source directory
    local log=$work/$1.log
    echo "-- find_package: $1"
    if ! {
        "$cmake" -S "$2" -B "$work/$1" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release &&
            "$cmake" --build "$work/$1" &&
            (cd "$work/$1" && ctest --output-on-failure --no-tests=error)
    } >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    grep 'tests passed' "$log"
}
consume consumer "$here/consumer"
consume example "$root/examples/cmake-consumer"

pc=$(find "$prefix" -name pdmetrics.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir pdmetrics)

echo "-- pkg-config: shared"
# shellcheck disable=SC2046 # flags are meant to be split
"$cc" -std=c11 "$here/consumer/consumer.c" -o "$work/pc_shared" $(pkg-config --cflags --libs pdmetrics)
LD_LIBRARY_PATH=$libdir "$work/pc_shared"

echo "-- pkg-config: static"
# Only the library itself is linked statically: that is what a vendor who ships one binary does on a distribution.
# shellcheck disable=SC2046
"$cc" -std=c11 "$here/consumer/consumer.c" -o "$work/pc_static" $(pkg-config --cflags pdmetrics) \
    $(pkg-config --static --libs pdmetrics | sed 's/-lpdmetrics/-l:libpdmetrics.a/')
"$work/pc_static"
if readelf -d "$work/pc_static" | grep -q 'NEEDED.*libpdmetrics'; then
    echo "the static consumer loads the shared library" >&2
    exit 1
fi

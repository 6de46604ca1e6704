#!/usr/bin/env bash
# What the shared library exports is exactly what the public headers declare, and nothing that was ever released is missing.
#
#   check_symbols.sh LIBRARY SOURCE_ROOT            check
#   check_symbols.sh LIBRARY SOURCE_ROOT --update   write tests/abi/symbols.txt anew (when a version is released)
set -euo pipefail
export LC_ALL=C

if [ $# -lt 2 ]; then
    echo "usage: $0 library source-root [--update]" >&2
    exit 2
fi
library=$1
root=$2
baseline=$root/tests/abi/symbols.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${NM:-nm}" -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/exported"

# A declaration starts with PDM_API or PDM_EXPORT; the function's name is the word before its first parenthesis.
find "$root/include" -name '*.h' -exec cat {} + |
    sed -nE 's/^PDM_(API|EXPORT) [^(]*[ *](pdm_[a-z0-9_]+)\(.*/\2/p' | sort -u >"$work/declared"

if [ "${3:-}" = --update ]; then
    cp "$work/exported" "$baseline"
    echo "$baseline: $(wc -l <"$baseline") symbols"
    exit 0
fi

failed=0
complain() { # text, file of names
    if [ -s "$2" ]; then
        echo "$1" >&2
        sed 's/^/    /' "$2" >&2
        failed=1
    fi
}
[ -s "$work/declared" ] || { echo "no declarations found under $root/include" >&2; exit 1; }
[ -s "$baseline" ] || { echo "$baseline is missing or empty" >&2; exit 1; }
grep -vE '^pdm_[a-z]' "$work/exported" >"$work/foreign" || true
complain "exported, but not in the library's name space:" "$work/foreign"
comm -23 "$work/exported" "$work/declared" >"$work/undeclared"
complain "exported, but declared in no public header:" "$work/undeclared"
comm -13 "$work/exported" "$work/declared" >"$work/missing"
complain "declared in a public header, but not exported:" "$work/missing"
comm -13 "$work/exported" <(sort -u "$baseline") >"$work/removed"
complain "part of the ABI (tests/abi/symbols.txt), but gone:" "$work/removed"
[ $failed = 0 ] && echo "$(wc -l <"$work/exported") symbols, $(wc -l <"$baseline") of them promised"
exit $failed

#!/usr/bin/env bash
# From nothing but a checkout to a page of figures: installs what is missing, builds, reviews, says where the page is.
#
#   examples/demo.sh                        on sample data: a simulated shop with 20 000 customers
#   examples/demo.sh --customers N          another number of them (also: --seed N)
#   examples/demo.sh --orders FILE …        on your own orders: CSV, Parquet, JSON, or a SQL query in quotes
#   examples/demo.sh --page FILE            where to write the page (default: build/demo/review.html)
#
# Everything else is handed on to `pdmetrics review`, for example: --lang zh --tz Asia/Shanghai --customer buyer_id --amount paid
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/provision.sh
. "$root/tests/support/provision.sh"

venv=$root/build/venv
made=$root/build/demo
page=$made/review.html
orders=
customers=20000
seed=1
options=()

need() { # flag, number of arguments left
    [ "$2" -ge 2 ] && return 0
    echo "$1 needs a value (try --help)" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --orders=* | --customers=* | --seed=* | --page=* | --html=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        -h | --help)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        --orders) need "$1" $# && orders=$2 && shift 2 ;;
        --customers) need "$1" $# && customers=$2 && shift 2 ;;
        --seed) need "$1" $# && seed=$2 && shift 2 ;;
        --page | --html) need "$1" $# && page=$2 && shift 2 ;;
        *) options+=("$1") && shift ;;
    esac
done

mkdir -p "$made"
pdm_need_packages build-essential cmake ninja-build pkg-config libcbor-dev libxxhash-dev python3 python3-venv python3-dev
pdm_use_ccache

# What the command line needs is written in one place, pyproject.toml.
python3 - "$root/pyproject.toml" >"$made/cli-requirements.txt" <<'EOF'
import sys
import tomllib

with open(sys.argv[1], "rb") as project:
    print("\n".join(tomllib.load(project)["project"]["optional-dependencies"]["cli"]))
EOF
pdm_venv "$venv" "$made/cli-requirements.txt"
pdm_install_python "$venv"
export PYTHONUTF8=1

if [ -n "$orders" ]; then
    input=$orders
else
    input=$made/sample-$customers-$seed
    if [ "$(cat "$input/.made-by" 2>/dev/null)" != "$(cat "$venv/.pdmetrics")" ]; then
        pdm_say "simulating $customers customers"
        "$venv/bin/pdmetrics" sample "$input" --customers "$customers" --seed "$seed" --format parquet >/dev/null
        cp "$venv/.pdmetrics" "$input/.made-by"
    fi
    options=(--tz Asia/Shanghai "${options[@]}")
fi

"$venv/bin/pdmetrics" review "$input" --html "$page" "${options[@]}"

echo
echo "The page, complete in one file: $(cd "$(dirname "$page")" && pwd)/$(basename "$page")"

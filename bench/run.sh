#!/usr/bin/env bash
# Measures the library and its peers side by side: the same rows, the same answers, one run. Installs what it needs.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: bench/run.sh [options] [-- options of peers/compare.py]
  --rows N         rows of orders and of events (default 10000000)
  --customers N    customers (default a tenth of the rows)
  --threads LIST   numbers of threads, as in "1 2" (default "1 2", "1" on a machine with one processor)
  --runs N         rounds after the warm-up (default 5)
  --quick          one million rows, three rounds
  --shuffled       times of orders have nothing to do with the order of rows (default: rows come as they arrive)
  --data DIR       where the columns go and stay (default: a temporary directory, removed at the end)
  --out FILE       JSON lines; tables go beside it as .md (default build/bench/results/results.jsonl)
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
rows=10000000 customers='' threads='' runs=5 order=arrival data='' out=$root/build/bench/results/results.jsonl
while [ $# -gt 0 ]; do
    case $1 in
        --rows) rows=$2; shift ;;
        --customers) customers=$2; shift ;;
        --threads) threads=$2; shift ;;
        --runs) runs=$2; shift ;;
        --quick) rows=1000000 runs=3 ;;
        --shuffled) order=shuffled ;;
        --data) data=$2; shift ;;
        --out) out=$2; shift ;;
        --help | -h) usage; exit 0 ;;
        --) shift; break ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
customers=${customers:-$((rows >= 10 ? rows / 10 : 1))}
out=$(realpath -m "$out")
if [ -n "$data" ]; then data=$(realpath -m "$data"); fi
if [ -z "$threads" ]; then
    if [ "$(nproc)" -gt 1 ]; then threads='1 2'; else threads=1; fi
fi

# shellcheck source=../tests/support/provision.sh
. "$root/tests/support/provision.sh"
pdm_need_packages gcc cmake ninja-build libcbor-dev libxxhash-dev python3-venv
pdm_venv "$root/build/bench/venv" "$here/requirements.txt"
pdm_use_ccache

cmake -S "$root" --preset bench >/dev/null
cmake --build "$root/build/bench" >&2
programs=$root/build/bench/bench

if [ -z "$data" ]; then
    data=$(mktemp -d -t pdm-bench.XXXXXX)
    trap 'rm -rf "$data"' EXIT
fi
mkdir -p "$data" "$(dirname "$out")"
cd "$here"
python=$root/build/bench/venv/bin/python
read -ra sets <<<"$("$python" -m peers.compare --sets "$@")"
echo "writing $rows rows each of ${sets[*]} to $data" >&2
"$programs/make_data" "$data" "$rows" "$customers" "$order" "${sets[@]}"

{
    echo "processor: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) to use"
    echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
} >&2
read -ra thread_list <<<"$threads"
"$python" -m peers.compare --check --data "$data" --build "$programs" --out "$out" \
    --threads "${thread_list[@]}" --runs "$runs" "$@"
echo "figures: $out" >&2

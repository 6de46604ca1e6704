#!/usr/bin/env bash
# All tests, from nothing but a checkout: installs what is missing, builds, tests, says in the end what passed.
#
#   tests/run.sh            everything: release, sanitizers, Python, installation, documentation
#   tests/run.sh --quick    unit tests of the release build and the Python tests
#   tests/run.sh --long     everything, the long-running tests too (PDM_LONG=1)
#
# PDM_SHARED  where the shared vectors and data are (default: ../shared beside the checkout); tests that need them are skipped
#             without them
# PDM_JOBS    how many things to do at once (default: one per processor)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=tests/support/provision.sh
. tests/support/provision.sh

quick=0
for argument in "$@"; do
    case $argument in
        --quick) quick=1 ;;
        --long) export PDM_LONG=1 ;;
        -h | --help)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *)
            echo "unknown argument: $argument (try --help)" >&2
            exit 2
            ;;
    esac
done

export PDM_SHARED=${PDM_SHARED:-$(dirname "$root")/shared}
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
jobs=${PDM_JOBS:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL=$jobs CTEST_PARALLEL_LEVEL=$jobs
venv=$root/build/venv
logs=$root/build/logs
mkdir -p "$logs"

# ------------------------------------------------------------------------------------------------------------------- steps
# Every step is a function. It runs with -e in a subshell, its output goes to a log; what failed is shown at once, and the other
# steps still run.

passed=()
failed=()
skipped=()

# The lines of a log that count something.
digest() {
    grep -hE '^[0-9]+% tests passed|^=+ .*(passed|failed|skipped|error).* in [0-9.]+|^Success: no issues|^[0-9]+ programs clean|\(Skipped\)$' \
        "$1" | sed -E 's/=+ ?//g; s/ +$//' | paste -sd ';' | sed 's/;/; /g'
}

step() { # name, command...
    local name=$1 log=$logs/$1.log start=$SECONDS status=0
    shift
    printf '%-12s ' "$name"
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1
    status=$?
    set -e
    local line
    line=$(printf '%4d s  %s' $((SECONDS - start)) "$(digest "$log" || true)")
    if [ $status = 0 ]; then
        printf 'ok      %s\n' "$line"
        passed+=("$name")
    else
        printf 'FAILED  %s\n' "$line"
        failed+=("$name")
        sed "s/^/    $name| /" "$log" | tail -n 80
        printf '    (all of it: %s)\n' "${log#"$root"/}"
    fi
    return 0
}

skip() { # name, reason
    printf '%-12s skipped         %s\n' "$1" "$2"
    skipped+=("$1")
}

packages() {
    local names=(build-essential cmake ninja-build pkg-config libcbor-dev libxxhash-dev libcmocka-dev
        python3 python3-venv python3-dev)
    if [ $quick = 0 ]; then
        names+=(clang "libclang-rt-dev|libclang-rt-14-dev|libclang-common-14-dev" valgrind doxygen ccache
            "chromium|chromium-browser|google-chrome-stable" "fonts-wqy-zenhei|fonts-noto-cjk")
    fi
    pdm_need_packages "${names[@]}"
}

build() { # preset, configure arguments...
    local preset=$1
    shift
    cmake --preset "$preset" "$@"
    cmake --build --preset "$preset"
}

release() {
    build release -DPDM_WERROR=ON
    if [ $quick = 1 ]; then
        ctest --preset release -L '^unit$'
    else
        ctest --preset release
    fi
}

asan_ubsan() {
    build asan-ubsan
    ctest --preset asan-ubsan
}

tsan() {
    build tsan
    # The runtime cannot place its shadow memory where addresses are randomised widely; not every container lets us say so.
    local fixed=()
    if setarch "$(uname -m)" -R true 2>/dev/null; then fixed=(setarch "$(uname -m)" -R); fi
    local preset=tsan
    [ -z "${PDM_LONG:-}" ] || preset=tsan-long
    "${fixed[@]}" ctest --preset $preset
}

# Reads of memory that was never written: what neither sanitizer sees. valgrind is some thirty times slower than the processor, so
# programs that compute for long are left to the sanitizers.
memcheck() {
    local program seconds long=0 short=()
    local TIMEFORMAT=%U
    for program in build/release/tests/unit/*; do
        [[ -f $program && -x $program ]] || continue
        seconds=$({ time "$program" >/dev/null 2>&1 || true; } 2>&1)
        if [ "${seconds%%.*}" -ge 1 ]; then
            echo "-- $program: $seconds s, left out"
            long=$((long + 1))
        else
            short+=("$program")
        fi
    done
    [ ${#short[@]} -gt 0 ]
    # Exit code 77 says that a test had nothing to work on.
    printf '%s\0' "${short[@]}" | xargs -0 -n 1 -P "$jobs" sh -c '
        said=$(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible "$0" 2>&1)
        status=$?
        printf -- "-- %s\n%s\n" "$0" "$said"
        [ $status = 0 ] || [ $status = 77 ]'
    echo "${#short[@]} programs clean, $long too long for valgrind"
}

environment() {
    pdm_venv "$venv" tests/requirements.txt
    pdm_install_python "$venv"
}

pytests() {
    "$venv/bin/python" -c 'import pdmetrics' # without it the tests would skip themselves
    "$venv/bin/python" -m pytest -p no:cacheprovider -n "$jobs" --dist loadfile -ra --color=no tests/python tests/vectors
}

types() {
    # Seen as a user of the installed package sees it, from outside the tree.
    cd build
    "$venv/bin/python" -m mypy --config-file "$root/pyproject.toml" --strict --no-incremental -p pdmetrics
}

documentation() {
    cmake --build --preset docs
}

formatting() {
    git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | xargs -0 -r "$1" --dry-run --Werror
}

# ------------------------------------------------------------------------------------------------------------------- order

packages
pdm_use_ccache
[ -d "$PDM_SHARED" ] || echo "note: $PDM_SHARED is not there; tests over the shared vectors will be skipped"

step release release
if [ $quick = 0 ]; then
    step asan-ubsan asan_ubsan
    step tsan tsan
    step memcheck memcheck
fi
step python-env environment
step pytest pytests
if [ $quick = 0 ]; then
    step mypy types
    step docs documentation
    if command -v clang-format-19 >/dev/null && git rev-parse --git-dir >/dev/null 2>&1; then
        step format formatting clang-format-19
    else
        skip format "no clang-format-19, or not a git checkout"
    fi
fi

echo
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]} (passed: ${passed[*]:-nothing}; skipped: ${skipped[*]:-nothing}; ${SECONDS} s)"
    exit 1
fi
echo "PASSED: ${passed[*]} (skipped: ${skipped[*]:-nothing}; ${SECONDS} s)"

# shellcheck shell=bash
# What scripts of this project need on a machine, brought in when it is missing and in a blink when it is not. To be sourced:
#
#   pdm_need_packages NAME...     Debian or Ubuntu packages; `a|b` is satisfied by either
#   pdm_venv DIR REQUIREMENTS     a Python environment with the packages of that file
#   pdm_install_python VENV       this project's Python package, built from the tree, into that environment
#   pdm_use_ccache                compile through ccache if there is one
#
# Messages go to stderr. PDM_ROOT is the source root.

PDM_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

pdm_say() { printf '%s\n' "$*" >&2; }

pdm_has_package() {
    case $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) in
        "install ok installed") return 0 ;;
        *) return 1 ;;
    esac
}

# The first installed one of a|b|c, or nothing.
pdm_installed_of() {
    local name
    for name in ${1//|/ }; do
        if pdm_has_package "$name"; then
            echo "$name"
            return
        fi
    done
}

# The first one of a|b|c that the package lists know.
pdm_available_of() {
    local name
    for name in ${1//|/ }; do
        if [ -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" ]; then
            echo "$name"
            return
        fi
    done
    echo "${1%%|*}"
}

pdm_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

pdm_need_packages() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        pdm_say "not a Debian-like system: please see to it that these are installed: $*"
        return 0
    fi
    local wanted missing=()
    for wanted in "$@"; do
        [ -n "$(pdm_installed_of "$wanted")" ] || missing+=("$wanted")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        pdm_say "missing packages, and no right to install them. As root: apt-get install ${missing[*]%%|*}"
        return 1
    fi
    pdm_say "installing: ${missing[*]%%|*}"
    pdm_quietly pdm_apt update
    local names=()
    for wanted in "${missing[@]}"; do
        names+=("$(pdm_available_of "$wanted")")
    done
    pdm_quietly pdm_apt install -y --no-install-recommends "${names[@]}"
}

pdm_apt() {
    pdm_as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@"
}

# What a command says is worth reading only if it fails.
pdm_quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ $status = 0 ] || cat "$log" >&2
    rm -f "$log"
    return $status
}

# Hash of the contents of files and directories: when it changes, what was made from them is made again.
pdm_fingerprint() {
    find "$@" -type f ! -name '*.pyc' ! -path '*/__pycache__/*' -print0 2>/dev/null | LC_ALL=C sort -z |
        xargs -0 -r sha256sum | sha256sum | cut -d' ' -f1
}

pdm_venv() {
    local venv=$1 requirements=$2 stamp
    stamp=$venv/.requirements.$(basename "$requirements")
    if [ ! -x "$venv/bin/python" ]; then
        pdm_say "creating $venv"
        python3 -m venv "$venv"
    fi
    local fingerprint
    fingerprint=$(pdm_fingerprint "$requirements")
    [ "$(cat "$stamp" 2>/dev/null)" != "$fingerprint" ] || return 0
    pdm_say "installing $(basename "$requirements") into $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 5 -r "$requirements" >&2
    echo "$fingerprint" >"$stamp"
}

pdm_install_python() {
    local venv=$1 stamp=$1/.pdmetrics fingerprint
    fingerprint=$(cd "$PDM_ROOT" && pdm_fingerprint pyproject.toml CMakeLists.txt README.md cmake include lib bindings)
    [ "$(cat "$stamp" 2>/dev/null)" != "$fingerprint" ] || return 0
    pdm_say "building the Python package"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$PDM_ROOT" >&2
    echo "$fingerprint" >"$stamp"
}

pdm_use_ccache() {
    if command -v ccache >/dev/null; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
}

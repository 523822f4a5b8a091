# Sourced by the scripts: makes `.venv` from the locks (once, and again when a lock changes) and puts it first on PATH.
# shellcheck shell=bash
# Usage: source scripts/env.sh requirements.lock|requirements-dev.lock

find_python() {
    local candidate
    for candidate in "${TONGGUAN_PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 \
            && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "Tongguan needs Python 3.11, 3.12 or 3.13, and none was found on PATH." >&2
    echo "Install one (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.11)," >&2
    echo "or name it: TONGGUAN_PYTHON=/path/to/python3.11 $0" >&2
    return 2
}

ensure_environment() {
    local lock="$1" venv="$PWD/.venv" python stamp wanted
    # A development environment holds all that the run-time one holds, so it serves both.
    wanted="$(cat requirements.lock requirements-dev.lock | cksum)"
    for stamp in "$venv/requirements-dev.lock.stamp" "$venv/$lock.stamp"; do
        if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x "$venv/bin/tongguan" ]; then
            return 0
        fi
    done
    python="$(find_python)" || return 2
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "$python has no venv module, so no environment of its own can be made." >&2
        echo "Fix (Debian, Ubuntu): apt-get install $(basename "$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')")-venv" >&2
        return 2
    fi
    echo "Setting up .venv from $lock with $("$python" --version) (once) ..." >&2
    if ! { : >.venv.writable && rm -f .venv.writable; } 2>/dev/null; then
        echo "$PWD cannot be written, so no .venv can be made in it. Fix: use a copy on a disk that can be written." >&2
        return 2
    fi
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        rm -rf "$venv"
        "$python" -m venv "$venv" || return 2
    fi
    rm -f "$venv"/*.stamp
    # Each step is followed by `|| return`: errexit does not act inside a function that is called before `||`, and a
    # stamp written after a failed install would keep the broken environment for ever.
    install_locked "$venv" "$lock" || return 2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || return 2
    printf '%s' "$wanted" >"$venv/$lock.stamp.new" && mv "$venv/$lock.stamp.new" "$venv/$lock.stamp" || return 2
}

install_locked() {
    local venv="$1" lock="$2" total log status
    total="$(grep -cE '^[a-z0-9][^ ]*==' "$lock")"
    log="$venv/install.log"
    # pip names each package as it collects it: counted, this is the progress of a set-up that takes minutes.
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-color --progress-bar off --require-hashes \
        --only-binary :all: -r "$lock" 2>&1 | tee "$log" | count_packages "$total"
    status="${PIPESTATUS[0]}"
    if [ "$status" -ne 0 ]; then
        echo "The packages of $lock could not be installed; the end of $log:" >&2
        tail -n 5 "$log" >&2
        echo "Fix: see to the network or the disk, then run this again: it goes on from here." >&2
    fi
    return "$status"
}

count_packages() {
    local total="$1" line count=0
    while IFS= read -r line; do
        case "$line" in
        Collecting*)
            count=$((count + 1))
            if [ -t 2 ]; then
                printf '\r  package %d of %d' "$count" "$total" >&2
            elif [ $((count % 25)) -eq 0 ]; then
                echo "  package $count of $total" >&2
            fi
            ;;
        "Installing collected"*) [ -t 2 ] && echo >&2; echo "  installing $count packages" >&2 ;;
        esac
    done
}

ensure_environment "$1" || exit $?
export PATH="$PWD/.venv/bin:$PATH"
# Tests and demonstrations start hundreds of Python processes: each reads compiled code, wherever it may be written.
unset PYTHONDONTWRITEBYTECODE

# Sourced by the bindings' tests: install_missing PACKAGE... fetches Debian packages, if it may and one is not installed.
# It may where the test was called with --install, by root on a system with apt. What fails is skipped later, with a line.
install_missing() {
    local lacking=() package
    [ "${install:-}" = --install ] && [ "$(id -u)" -eq 0 ] && command -v apt-get dpkg-query >/dev/null || return 0
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || lacking+=("$package")
    done
    [ ${#lacking[@]} -eq 0 ] && return
    printf '\n-- installing %s\n' "${lacking[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install -y --no-install-recommends "${lacking[@]}" >/dev/null ||
        echo "apt-get failed"
}

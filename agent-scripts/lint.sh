#!/bin/bash
# Lints every shell script that git tracks: shellcheck for what it means, shfmt for how it looks.
set -euo pipefail

need() { # tool
  type -P "$1" >/dev/null && return
  printf 'lint.sh: %s is missing; it is in the Debian package "%s"\n' "$1" "$1" >&2
  return 1
}

main() {
  local scripts
  cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
  need shellcheck
  need shfmt
  mapfile -t -d '' scripts < <(git ls-files -z -- '*.sh')
  shellcheck -- "${scripts[@]}"
  shfmt -d -- "${scripts[@]}"
  printf 'lint.sh: %d scripts, nothing to complain about\n' "${#scripts[@]}"
}

main "$@"

#!/bin/sh
# Usage: run.sh [--shapes "m,n,k;…"] [--adapter NAME] [--json FILE] … (run.sh --help lists all)
# Table and JSON; where Python has PyTorch, beside the vendor's int8 GEMM on the default shapes (NO_VENDOR=1 leaves it out).
here=$(cd "$(dirname "$0")" && pwd)
# The machine's own loader comes first.
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/lib/x86_64-linux-gnu:/usr/lib64:$here/lib"
node="$here/node"
[ -x "$node" ] || node=node
if [ -z "${NO_VENDOR:-}" ] && python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  vendor="${TMPDIR:-/tmp}/vendor-int-mm.$$.json"
  trap 'rm -f "$vendor"' EXIT
  if python3 "$here/vendor-int-mm.py" >"$vendor"; then set -- --vendor "$vendor" "$@"; fi
fi
"$node" "$here/bench.mjs" "$@"

#!/usr/bin/env bash
# Runs every fuzz target in turn, or those that are named, for FUZZ_SECONDS altogether, one process at a time.
#
#   fuzz/run.sh                                 an hour over all targets
#   FUZZ_SECONDS=600 fuzz/run.sh records evtx   ten minutes over two
#
# Needs cargo-fuzz (cargo install cargo-fuzz) and a C++ compiler. Without a sanitizer it works with stable Rust: what is looked for are
# panics, overflows, hangs and memory, which the targets and libFuzzer count themselves. What is found lies in fuzz/artifacts, what each
# target ran in fuzz/artifacts/<target>.log.
set -euo pipefail
cd "$(dirname "$0")/.."

SECONDS_ALL=${FUZZ_SECONDS:-3600}
CORPUS=${FUZZ_CORPUS:-fuzz/corpus}
ARTIFACTS=${FUZZ_ARTIFACTS:-fuzz/artifacts}
HOST=$(rustc -vV | sed -n 's/^host: //p')
BINARIES=${CARGO_TARGET_DIR:-fuzz/target}/$HOST/release
# An EVTX chunk is 64 KiB behind a header of 4 KiB.
declare -A LENGTHS=([evtx]=69632 [parquet]=65536 [objects]=65536)

targets=("$@")
if [ ${#targets[@]} = 0 ]; then mapfile -t targets < <(cargo fuzz list); fi
if [ -z "${FUZZ_BUILT:-}" ]; then cargo fuzz build --sanitizer none; fi
python3 fuzz/corpus.py

found=0
for target in "${targets[@]}"; do
  mkdir -p "$CORPUS/$target" "$ARTIFACTS/$target"
  echo "$target: $((SECONDS_ALL / ${#targets[@]})) seconds"
  if ! "$BINARIES/$target" "$CORPUS/$target" \
      -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 \
      -max_total_time=$((SECONDS_ALL / ${#targets[@]})) -timeout=10 -rss_limit_mb=1024 \
      -max_len="${LENGTHS[$target]:-16384}" -artifact_prefix="$ARTIFACTS/$target/" \
      > "$ARTIFACTS/$target.log" 2>&1; then
    echo "$target: stopped, see $ARTIFACTS/$target.log"
  fi
  tail -n 1 "$ARTIFACTS/$target.log"
  inputs=$(find "$ARTIFACTS/$target" -type f | wc -l)
  if [ "$inputs" != 0 ]; then
    found=1
    echo "$target: $inputs inputs in $ARTIFACTS/$target; make one small with: cargo fuzz tmin --sanitizer none $target <input>"
  fi
done
exit $found

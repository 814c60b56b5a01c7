#!/usr/bin/env bash
# Generates three days of BTCUSDT with its indicator samples, back-tests v53 on them, and names the report to open.
# With real data at ARBCORE_SHARED_DATA (default ../shared/data) it also runs the LTCUSDT and BTCUSDT files there.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-out/demo}
arbcore="$repo/.venv/bin/arbcore"
real="${ARBCORE_SHARED_DATA:-$repo/../shared/data}/aggtrades"
reports=()

run() { # title, then the command: shown, timed
  local title=$1 began ended
  shift
  printf '\n\033[1m%s\033[0m\n$ arbcore %s\n\n' "$title" "${*/#"$repo"\//}"
  began=$(date +%s%N)
  "$arbcore" "$@"
  ended=$(date +%s%N)
  printf '(%d.%02d s)\n' $(((ended - began) / 1000000000)) $(((ended - began) / 10000000 % 100))
}

[ -x "$arbcore" ] || { echo "demo: $arbcore is missing; run: make setup" >&2; exit 1; }
# What an earlier demo wrote would be merged with what this one writes.
rm -rf "$out"

run "1. Make a market: trades and the indicator samples that belong to them" \
  data generate --symbol BTCUSDT --out "$out/market" --days 3 --seed 7 --trades-per-day 1000000
run "2. Back-test v53 on it, after 24 hours of warm-up" \
  backtest "$out/market" --symbol BTCUSDT --preset v53 --indicators "$out/market/indicators.parquet" \
  --out "$out/generated"
reports+=("$out/generated/report.html")

number=3
for file in LTCUSDT-spot-aggTrades-2025-06-21 BTCUSDT-um-aggTrades-2026-05-11-a; do
  symbol=${file%%-*}
  if [ -f "$real/$file.csv.gz" ]; then
    # These files span hours and carry no indicators: a short warm-up and lower scores let them trade at all.
    run "$number. Real trades of $symbol" \
      backtest "$real/$file.csv.gz" --symbol "$symbol" --preset v53 --warmup 1h \
      --set entry_score=60 --set flip_threshold=70 --out "$out/$symbol"
    reports+=("$out/$symbol/report.html")
    number=$((number + 1))
  fi
done
if [ "$number" -eq 3 ]; then
  printf '\nNo real trades at %s: that part of the demo is left out.\n' "$real"
fi

printf '\n\033[1mOpen a report in a browser (it needs no network):\033[0m\n'
for report in "${reports[@]}"; do
  printf '  %s\n' "$(cd "$(dirname "$report")" && pwd)/$(basename "$report")"
done

#!/usr/bin/env bash
# README's test command, with its results in a table: everyday.sh RESULTS (a file of tests/results.sh).
set -uo pipefail
cd "$(dirname "$0")/.."
results=${1:?expected the file to write the results to}
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
dotnet test -c Release --no-ansi --results-directory "$reports" -p:LungSegTestReports=true
status=$?
find "$reports" -name '*.xml' -print0 | xargs -0r tests/results.sh read > "$results"
exit "$status"

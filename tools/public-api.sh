#!/usr/bin/env bash
# Pins the public surface of the libraries anew: adds what is public and not listed to PublicAPI.Unshipped.txt, and takes out of both lists
# what is public no more. Read the difference before you commit it: a line that goes breaks a user's program.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Extensions is built of all the others.
dotnet build src/Extensions -c Release -v q --no-incremental -p:TreatWarningsAsErrors=false > "$work/log" || { cat "$work/log"; exit 1; }
for shipped in src/*/PublicAPI.Shipped.txt; do
    project=$(basename "$(dirname "$shipped")")
    unshipped=src/$project/PublicAPI.Unshipped.txt
    grep "/$project.csproj" "$work/log" > "$work/own" || true
    sed -n "s/.* RS0017: Symbol '\(.*\)' is part of the declared API.*/\1/p" "$work/own" > "$work/gone"
    sed -n "s/.* RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" "$work/own" > "$work/new"
    for list in "$shipped" "$unshipped"; do
        { grep -v '^#' "$list" || true; [ "$list" = "$shipped" ] || cat "$work/new"; } | { grep -vxFf "$work/gone" || true; } | sort -u > "$work/list"
        { echo '#nullable enable'; cat "$work/list"; } > "$list"
    done
done
git diff --stat -- 'src/*/PublicAPI.*.txt'

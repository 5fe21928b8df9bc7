#!/usr/bin/env bash
# Packs the libraries, the default network's weights and the tool: pack.sh OUT. The same commit gives the same bytes: the time in the
# packages is the commit's, and packages.release.lock.json of each project names what is restored, by hash.
set -euo pipefail
out=$(realpath -m "${1:?expected the folder for the packages}")
cd "$(dirname "$0")/.."
export LungSegRelease=true RestoreLockedMode=${RestoreLockedMode:-true} SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
for project in IO Engine Imaging Models Extensions Weights.Pan Cli; do
    dotnet pack "src/$project" -c Release -o "$out" -v q --nologo
done

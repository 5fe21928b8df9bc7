#!/usr/bin/env bash
# Compares the libraries' public surface with that of 0.1.0, built from its commit: api-compat.sh [--update]. What breaks must be in
# src/ApiCompat.0.1.0.xml, and in CHANGELOG.md in words; --update writes it anew. Needs the repository's history.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
baseline=dbe60f5ec90e0dbc2c46b536f9cb0c9f3fb39f22
suppressions=src/ApiCompat.0.1.0.xml
git cat-file -e "$baseline^{commit}" 2> /dev/null || { echo "api-compat: the history does not reach back to 0.1.0"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q . "$work/before" && git -C "$work/before" checkout -q "$baseline"
dotnet build "$work/before/src/Models" -c Release -v q -p:RunAnalyzers=false
dotnet build src/Models -c Release -v q
dotnet tool restore > /dev/null
mkdir "$work/old" "$work/new"
for library in Engine Imaging Models; do
    cp "$work/before/src/$library/bin/Release/net10.0/LungSeg.$library.dll" "$work/old"
    cp "src/$library/bin/Release/net10.0/LungSeg.$library.dll" "$work/new"
done
cp src/Models/bin/Release/net10.0/LungSeg.IO.dll "$work/new"
suppressions=$PWD/$suppressions
root=$PWD
cd "$work"
compare() {
    dotnet apicompat -l old/LungSeg.Engine.dll,old/LungSeg.Imaging.dll,old/LungSeg.Models.dll \
        -r new/LungSeg.Engine.dll,new/LungSeg.Imaging.dll,new/LungSeg.Models.dll "$@"
}
cp -R "$root/.config" "$work"
if [ "${1:-}" = --update ]; then
    compare --generate-suppression-file --suppression-output-file "$suppressions" > "$work/log"
    sed -i '1s/^\xef\xbb\xbf//; s/\r$//' "$suppressions"
    echo "api-compat: $(grep -c '<Suppression>' "$suppressions") changes that break are listed"
else
    compare --suppression-file "$suppressions"
    echo "api-compat: nothing breaks beyond the $(grep -c '<Suppression>' "$suppressions") changes that are listed"
fi

#!/usr/bin/env bash
# Packs what a machine with a GPU needs for tools/gpu-check.sh, which has neither .NET nor a network: the published program, the kernels
# as PTX, the golden files, one image and the scripts.
#   tools/gpu-pack.sh PUBLISHED PACK.tar.gz [--size MIB]
#     PUBLISHED     the folder of: dotnet publish -c Release -r linux-x64 -o PUBLISHED src/Cli
#     --size MIB    the most that the pack may have (40)
# There: tar -xzf PACK.tar.gz && lungseg-gpu/tools/gpu-check.sh a OUT
set -euo pipefail

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
refuse() { echo "gpu-pack: $1" >&2; exit 2; }

[ $# = 2 ] || { [ $# = 4 ] && [ "$3" = --size ]; } || usage
published=$1 pack=$2 size=${4:-40}
root=$(cd "$(dirname "$0")/.." && pwd)
[ -x "$published/lungseg" ] || refuse "'$published' has no program: dotnet publish -c Release -r linux-x64 -o $published src/Cli"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
top=$work/lungseg-gpu
mkdir -p "$top/program" "$top/tests/data/golden" "$top/samples" "$top/tools" "$top/kernels"
cp -r "$published/." "$top/program"
find "$top/program" \( -name '*.pdb' -o -name '*.dbg' -o -name '*.xml' \) -delete
cp "$root"/tests/data/golden/*.safetensors "$top/tests/data/golden"
cp "$root/samples/radiograph.png" "$top/samples"
cp "$root"/tools/{gpu-check.sh,assemble-ptx.sh,gpu_peer.py,torch_twin.py,gpu-report.py} "$top/tools"
"$top/program/lungseg" kernels --dump "$top/kernels" --json > "$work/kernels.json"
mv "$work/kernels.json" "$top/kernels"
# The same files make the same bytes.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -c -C "$work" lungseg-gpu | gzip -9n > "$pack.tmp"
bytes=$(stat -c %s "$pack.tmp")
if [ "$bytes" -gt $((size * 1048576)) ]; then
    rm -f "$pack.tmp"
    refuse "the pack would have $bytes bytes, expected at most $size MiB: publish without debug information, or raise --size"
fi
mv "$pack.tmp" "$pack"
du -sb "$top"/* | awk '{ sub(".*/", "", $2); printf "%-10s %10d bytes\n", $2, $1 }'
echo "$pack: $bytes bytes"

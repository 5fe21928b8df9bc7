#!/usr/bin/env bash
# Assembles the GPU kernels with NVIDIA's ptxas and prints their registers, spills and shared memory as a Markdown table, then the range
# of each family. Needs ptxas (CUDA 12 or 13) on the PATH, and the kernels: a folder of `lungseg kernels --dump`, or a built program.
#   tools/assemble-ptx.sh [options]
#     --from DIR               the folder that `lungseg kernels --dump DIR --json > DIR/kernels.json` wrote; no .NET is needed then
#     --architectures "A B"    sm_90a sm_100 sm_120 and the like (those that the modules are for, of sm_60, 70, 80, 90 and 90a)
#     --sass DIR               also write each kernel's machine code, with cuobjdump
# Exit code 1 if a kernel does not assemble, a convolution spills or keeps a stack, or a warpgroup's products are serialised; 2 if
# ptxas or the kernels are missing. An architecture that ptxas does not know is skipped and counted.
set -uo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
refuse() { echo "assemble-ptx: $1" >&2; exit 2; }

from='' asked='' sass=''
while [ $# -gt 0 ]; do
    case "$1" in
        --from | --architectures | --sass) [ $# -ge 2 ] || refuse "$1 needs a value" ;;
        *) usage ;;
    esac
    case "$1" in
        --from) from=$2 ;;
        --architectures) asked=$2 ;;
        --sass) sass=$2 ;;
    esac
    shift 2
done
command -v ptxas > /dev/null || refuse "ptxas is not on the PATH"
[ -z "$sass" ] || command -v cuobjdump > /dev/null || refuse "cuobjdump is not on the PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$from" ]; then
    program=$(dirname "$0")/../src/Cli/bin/Release/net10.0/lungseg.dll
    [ -f "$program" ] || refuse "there are no kernels: build the program (dotnet build -c Release src/Cli), or name a folder (--from)"
    from=$work/kernels
    dotnet exec "$program" kernels --dump "$from" --json > "$work/kernels.json" || exit 2
    mv "$work/kernels.json" "$from"
fi
[ -f "$from/kernels.json" ] || refuse "'$from' has no kernels.json: lungseg kernels --dump DIR --json > DIR/kernels.json"
[ -z "$sass" ] || mkdir -p "$sass" || exit 2

# Modules are assembled for the architecture they are written for and for later ones that shall run them; sm_90a's for that alone.
architectures() {
    case "$1" in
        sm_60) echo "${asked:-sm_60 sm_70 sm_80 sm_90}" ;;
        sm_80) echo "${asked:-sm_80 sm_90}" ;;
        *) [ -z "$asked" ] && echo "$1" || { [[ " $asked " == *" $1 "* ]] && echo "$1"; } ;;
    esac
}

# Prints a line for a module and an architecture: name, architecture, outcome, registers, stack, spills, warnings.
assemble() {
    local module=$1 architecture=$2 name report field
    name=$(basename "$module" .ptx)
    if ! report=$(ptxas -v "-arch=$architecture" "$module" -o "$work/$name.$architecture.cubin" 2>&1); then
        echo "$report" | sed "s/^/$name $architecture: /" >&2
        echo "$name $architecture fails - - - 0"
        return
    fi
    field() { sed -n "s/$1/\\1/p" <<< "$report" | head -n 1; }
    echo "$name $architecture ok $(field '.*Used \([0-9]*\) registers.*') $(field ' *\([0-9]*\) bytes stack frame.*')" \
        "$(sed -n 's/.*, \([0-9]*\) bytes spill stores, \([0-9]*\) bytes spill loads/\1 \2/p' <<< "$report" | awk '{ print $1 + $2 }')" \
        "$(grep -ci 'performance loss' <<< "$report")"
    [ -z "$sass" ] || cuobjdump -sass "$work/$name.$architecture.cubin" > "$sass/$name.$architecture.sass"
    rm -f "$work/$name.$architecture.cubin"
}
export -f assemble
export work sass

known=$(ptxas --help)
skipped=0 kernels=0
for module in "$from"/*.ptx; do
    [ -f "$module" ] || refuse "'$from' has no modules"
    kernels=$((kernels + 1))
    target=$(sed -n 's/^\.target \(sm_[0-9a-z]*\).*/\1/p' "$module")
    for architecture in $(architectures "$target"); do
        if [[ $known == *"'$architecture'"* ]]; then printf '%s\0%s\0' "$module" "$architecture"; else skipped=$((skipped + 1)); fi
    done
done > "$work/todo"
xargs -0 -r -n 2 -P "$(nproc)" bash -c 'assemble "$0" "$1"' < "$work/todo" > "$work/lines"
sort -o "$work/lines" "$work/lines"
# What the program says of each kernel: name, family, precision, shared memory.
tr -d ' ",' < "$from/kernels.json" | awk -F: '
    $1 == "name" { name = $2 } $1 == "family" { family = $2 } $1 == "precision" { precision = $2 } $1 == "sharedBytes" { print name, family, precision == "" ? "-" : precision, $2 }
' > "$work/known"

ptxas --version | sed -n 's/^Cuda compilation tools, /ptxas: /p'
echo
awk -v kernels="$kernels" -v skipped="$skipped" '
    function range(a, b) { return a == b ? a : a " to " b }
    FILENAME ~ /known$/ { family[$1] = $2; precision[$1] = $3; shared[$1] = $4; next }
    !header++ { print "| kernel | architecture | registers | stack, bytes | spills, bytes | shared, bytes |"; print "|---|---|---:|---:|---:|---:|" }
    $3 != "ok" { print "| `" $1 "` | " $2 " | does not assemble | | | |"; failures++; next }
    {
        print "| `" $1 "` | " $2 " | " $4 " | " $5 " | " $6 " | " shared[$1] " |"
        if ($7 > 0) failures++
        if ($1 ~ /^(conv_|depthwise)/ && ($5 > 0 || $6 > 0)) failures++
        key = family[$1] " " precision[$1] " " $2
        if (!(key in n)) { order[++keys] = key; low[key] = high[key] = $4; least[key] = most[key] = shared[$1] }
        n[key]++; spills[key] += $6
        if ($4 < low[key]) low[key] = $4
        if ($4 > high[key]) high[key] = $4
        if (shared[$1] < least[key]) least[key] = shared[$1]
        if (shared[$1] > most[key]) most[key] = shared[$1]
    }
    END {
        print ""
        print "| family | architecture | kernels | registers | spills, bytes | shared, bytes |"
        print "|---|---|---:|---:|---:|---:|"
        for (i = 1; i <= keys; i++) {
            split(order[i], part, " ")
            print "| `" part[1] "`" (part[2] == "-" ? "" : " " part[2]) " | " part[3] " | " n[order[i]] " | " range(low[order[i]], high[order[i]]) " | " spills[order[i]] " | " range(least[order[i]], most[order[i]]) " |"
        }
        print ""
        print kernels " kernels, " failures + 0 " failures (kernels that do not assemble, convolutions that spill or keep a stack, serialised products), " skipped " skipped: architectures that this ptxas does not know."
        exit failures > 0
    }' "$work/known" "$work/lines"

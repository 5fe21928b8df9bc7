#!/usr/bin/env bash
# Assembles the embedded GPU kernels with NVIDIA's ptxas and prints their registers, spills and shared memory as a Markdown table,
# then the range of each family. Needs ptxas (CUDA 12) on the PATH, and a built program: dotnet build -c Release src/Cli.
# Exit code 1 if a kernel does not assemble, a convolution spills or keeps a stack, or a warpgroup's products are serialised; 2 if
# ptxas or the program is missing.
#   tools/assemble-ptx.sh [--sass DIR]     --sass also writes each kernel's machine code, with cuobjdump
set -uo pipefail
cd "$(dirname "$0")/.."

sass=
case "${1:-}" in
    '') ;;
    --sass) sass=${2:?--sass needs a directory} ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
program=src/Cli/bin/Release/net10.0/lungseg.dll
command -v ptxas > /dev/null || { echo "assemble-ptx: ptxas is not on the PATH" >&2; exit 2; }
[ -f "$program" ] || { echo "assemble-ptx: build the program first: dotnet build -c Release src/Cli" >&2; exit 2; }

known=$(ptxas --help)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet exec "$program" kernels --dump "$work" --json > "$work/kernels.json" || exit 2

# Modules are assembled for the architecture they are written for and for later ones that shall run them.
architectures() {
    case "$1" in
        sm_60) echo sm_60 sm_70 sm_80 sm_90 ;;
        sm_80) echo sm_80 sm_90 ;;
        *) echo "$1" ;;
    esac
}

# What the program says of a kernel.
field() { sed -n "/\"name\": \"$1\"/,/}/s/.*\"$2\": \"\{0,1\}\([a-z0-9_]*\).*/\1/p" "$work/kernels.json"; }

ptxas --version | sed -n 's/^Cuda compilation tools, /ptxas: /p'
echo
echo '| kernel | architecture | registers | stack, bytes | spills, bytes | shared, bytes |'
echo '|---|---|---:|---:|---:|---:|'
failures=0
kernels=0
for module in "$work"/*.ptx; do
    name=$(basename "$module" .ptx)
    kernels=$((kernels + 1))
    target=$(sed -n 's/^\.target \(sm_[0-9a-z]*\).*/\1/p' "$module")
    for architecture in $(architectures "$target"); do
        # An assembler that no longer knows an old architecture says nothing about the kernel.
        [ "$architecture" = "$target" ] || [[ $known == *"'$architecture'"* ]] || continue
        if ! report=$(ptxas -v "-arch=$architecture" "$module" -o "$work/$name.cubin" 2>&1); then
            echo "| \`$name\` | $architecture | does not assemble | | | |"
            echo "$report" >&2
            failures=$((failures + 1))
            continue
        fi
        registers=$(sed -n 's/.*Used \([0-9]*\) registers.*/\1/p' <<< "$report")
        stack=$(sed -n 's/ *\([0-9]*\) bytes stack frame.*/\1/p' <<< "$report")
        spills=$(sed -n 's/.*, \([0-9]*\) bytes spill stores, \([0-9]*\) bytes spill loads/\1 + \2/p' <<< "$report")
        shared=$(field "$name" sharedBytes)
        echo "| \`$name\` | $architecture | $registers | $stack | $((spills)) | $shared |"
        precision=$(field "$name" precision)
        echo "$(field "$name" family) ${precision:--} $architecture $registers $((spills)) $shared" >> "$work/families"
        # Warnings C75xx: wgmma one after the other.
        grep -i 'performance loss' <<< "$report" >&2 && failures=$((failures + 1))
        case "$name" in
            conv_* | depthwise*) [ "$stack" = 0 ] && [ $((spills)) = 0 ] || failures=$((failures + 1)) ;;
        esac
        if [ -n "$sass" ]; then
            mkdir -p "$sass"
            cuobjdump -sass "$work/$name.cubin" > "$sass/$name.$architecture.sass"
        fi
    done
done
echo
echo '| family | architecture | kernels | registers | spills, bytes | shared, bytes |'
echo '|---|---|---:|---:|---:|---:|'
# A range is one number where both ends are the same.
sort "$work/families" | awk '
    function range(a, b) { return a == b ? a : a " to " b }
    function row() { if (n) print "| `" family "`" precision " | " architecture " | " n " | " range(r0, r1) " | " spills " | " range(s0, s1) " |" }
    $1 " " $2 " " $3 != key {
        row()
        key = $1 " " $2 " " $3; family = $1; precision = $2 == "-" ? "" : " " $2; architecture = $3
        n = spills = r1 = s1 = 0; r0 = s0 = 1000000
    }
    { n++; spills += $5; if ($4 < r0) r0 = $4; if ($4 > r1) r1 = $4; if ($6 < s0) s0 = $6; if ($6 > s1) s1 = $6 }
    END { row() }'
echo
echo "$kernels kernels, $failures failures (kernels that do not assemble, convolutions that spill or keep a stack, serialised products)."
[ "$failures" = 0 ]

#!/usr/bin/env bash
# Everything to know about the program on a machine with an NVIDIA GPU, in one call: whether it computes rightly, handles memory rightly,
# and how fast it is, beside PyTorch. Needs the driver and a published program (no .NET); PyTorch and compute-sanitizer where they are.
#   dotnet publish -c Release -r linux-x64 -o publish src/Cli     # on a machine with .NET
#   tools/gpu-check.sh publish/lungseg OUT [options]                # on the machine with the GPU
#     --device cuda:N          the GPU (cuda)
#     --steps "A B"            of: machine kernels selftest verify segment sanitizer start bench layers peer (all, in this order)
#     --networks K,K           for bench, layers and peer (all nine)
#     --batch N,N              for bench and peer (1,8,32)
#     --precisions "P P"       for bench, layers and peer ("fp32 tf32 fp16")
#     --modes M,M              PyTorch's: graph, compile, autotune (graph,compile)
#     --anyway                 times even what computes wrongly
# Each step writes OUT/STEP.*; the summary is printed. Exit code 0 if all checks hold, 1 if one does not, 2 for wrong use.
set -uo pipefail

usage() { sed -n '2,13p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
refuse() { echo "gpu-check: $1" >&2; exit 2; }

[ $# -ge 2 ] || usage
program=$1 out=$2
shift 2
device=cuda steps="machine kernels selftest verify segment sanitizer start bench layers peer" networks="" batch=1,8,32
precisions="fp32 tf32 fp16" modes=graph,compile anyway=
while [ $# -gt 0 ]; do
    case "$1" in
        --anyway) anyway=1; shift; continue ;;
        --device | --steps | --networks | --batch | --precisions | --modes) [ $# -ge 2 ] || refuse "$1 needs a value" ;;
        *) usage ;;
    esac
    case "$1" in
        --device) device=$2 ;;
        --steps) steps=$2 ;;
        --networks) networks=$2 ;;
        --batch) batch=$2 ;;
        --precisions) precisions=$2 ;;
        --modes) modes=$2 ;;
    esac
    shift 2
done
[ -x "$program" ] || refuse "'$program' is not a program; publish it first"
repository=$(cd "$(dirname "$0")/.." && pwd)
goldens=$repository/tests/data/golden sample=$repository/samples/radiograph.png
[ -d "$goldens" ] || refuse "the golden files are missing: $goldens"
mkdir -p "$out" || exit 2
program=$(realpath "$program") out=$(realpath "$out")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra keys <<< "${networks//,/ }"

wrong=0 # checks that do not hold

# Runs a step's command with its output in a file, and says how it ended; returns its exit code.
step() {
    local name=$1 file=$2 begin=$EPOCHREALTIME code
    shift 2
    "$@" > "$out/$file" 2> "$out/$name.err"
    code=$?
    [ -s "$out/$name.err" ] || rm -f "$out/$name.err"
    awk -v name="$name" -v code="$code" -v begin="$begin" -v end="$EPOCHREALTIME" \
        'BEGIN { printf "%-22s %-10s %7.1f s\n", name, code == 0 ? "ok" : "exit " code, end - begin }'
    return "$code"
}

# A step that must hold.
check() {
    step "$@" || { wrong=$((wrong + 1)); tail -n 5 "$out/$2" "$out/$1.err" 2> /dev/null | sed 's/^/    /'; }
}

timing() {
    [ "$wrong" = 0 ] || [ -n "$anyway" ] || { printf '%-22s left out: what computes wrongly is not timed (--anyway does)\n' "$1"; return 1; }
}

do_machine() {
    {
        date -u +%Y-%m-%dT%H:%MZ
        uname -srm
        nvidia-smi --query-gpu=index,name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit,pstate --format=csv
        "$program" --version
        "$program" doctor
    } > "$out/machine.txt" 2>&1
    sed -n '/^index/,$p' "$out/machine.txt" | head -n 2
}

# The driver takes every module.
do_kernels() {
    check kernels kernels.txt "$program" kernels --device "$device"
    tail -n 1 "$out/kernels.txt" | sed 's/^/    /'
}

do_selftest() { check selftest selftest.txt "$program" selftest --device "$device" --goldens "$goldens"; }

do_verify() { check verify verify.txt "$program" verify "$goldens"/*.safetensors --device "$device" --taps all; }

# The default network's mask on the GPU and on the CPU: a hundred thousandth of the pixels may be on the other side of the threshold.
do_segment() {
    check segment-cpu segment-cpu.txt "$program" segment "$sample" -o "$work/cpu" --device cpu
    check segment segment.txt "$program" segment "$sample" -o "$work/gpu" --device "$device"
    check compare compare.json "$program" compare "$work/cpu/radiograph.mask.png" "$work/gpu/radiograph.mask.png" --json
    awk -F'[:,]' '/"differing_pixels"/ { d += $2 } /"pixels"/ { p += $2 }
        END { print "    pixels of the mask that differ from the CPU'"'"'s: " d + 0 " of " p + 0; exit !(p > 0 && d <= 1e-5 * p) }' "$out/compare.json" || wrong=$((wrong + 1))
}

do_sanitizer() {
    command -v compute-sanitizer > /dev/null || { echo "sanitizer              left out: compute-sanitizer is not installed"; return; }
    local tool
    for tool in memcheck racecheck synccheck; do
        check "sanitizer-$tool" "sanitizer-$tool.txt" \
            compute-sanitizer --tool "$tool" --error-exitcode 1 "$program" selftest --device "$device" --cases 6 --networks none
    done
}

# From the start of the process to the mask on disk: first with nothing in the driver's cache, then three times with it.
do_start() {
    timing start || return
    local run begin
    export CUDA_CACHE_PATH=$work/cache
    for run in empty warm warm warm; do
        rm -rf "$work/start"
        begin=$EPOCHREALTIME
        "$program" segment "$sample" -o "$work/start" --device "$device" > "$work/start.txt" 2>&1 || { echo "start                  failed"; cat "$work/start.txt"; break; }
        awk -v run="$run" -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf "process start to mask, driver cache %s: %.3f s\n", run, end - begin }'
    done | tee "$out/start.txt"
    unset CUDA_CACHE_PATH
}

do_bench() {
    timing bench || return
    local precision
    for precision in $precisions; do
        step "bench-$precision" "bench-$precision.json" \
            "$program" bench "${keys[@]}" --device "$device" --precision "$precision" --batch "$batch" --json || cat "$out/bench-$precision.err"
    done
}

do_layers() {
    timing layers || return
    local precision
    for precision in $precisions; do
        step "layers-$precision" "layers-$precision.txt" "$program" bench "${keys[@]}" --device "$device" --precision "$precision" --explain || true
    done
}

do_peer() {
    timing peer || return
    python3 -c 'import torch' 2> /dev/null || { echo "peer                   left out: python3 has no PyTorch"; return; }
    local ours=() precision
    for precision in $precisions; do
        [ -s "$out/bench-$precision.json" ] && ours+=("$out/bench-$precision.json")
    done
    step peer peer.md python3 "$repository/tools/gpu_peer.py" --lungseg "$program" --goldens "$goldens" ${networks:+--networks "$networks"} \
        --batch "$batch" --precision "${precisions// /,}" --modes "$modes" --out "$out/peer.json" ${ours[@]+--ours "${ours[@]}"} \
        || tail -n 3 "$out/peer.err"
    cat "$out/peer.md"
}

for name in $steps; do
    declare -F "do_$name" > /dev/null || refuse "there is no step '$name'"
done
for name in $steps; do "do_$name"; done
if [ "$wrong" = 0 ]; then echo "all checks hold; details in $out"; else echo "$wrong checks do not hold; details in $out"; fi
[ "$wrong" = 0 ]

#!/usr/bin/env bash
# What there is to know about the program on a machine with an NVIDIA GPU, as five calls. Each call ends by itself within its limit and
# leaves one archive; each can be made alone, in any order, in the folder that tools/gpu-pack.sh packed. Needs the driver; not .NET, not the network.
#   tools/gpu-check.sh CALL OUT [options]
#     CALL a    does it compute rightly: assembly, self-test, golden files, one image on both devices; first times of pan and unet
#          b    times of all networks, and the layers of three
#          c    PyTorch beside it: CUDA graphs for all networks, torch.compile for three
#          d    compute-sanitizer on small cases, Nsight Compute on the largest kernels
#          e    tune, then (b) again
#     --program FILE           the published program (program/lungseg of the pack)
#     --device cuda:N          the GPU (cuda)
#     --limit SECONDS          of the whole call (540; c: 420), so that a to c end within 25 minutes, and d and e
#     --scale F                times each step's own limit (1)
#     --archive MIB            the most that the archive may have (16)
#     --networks K,K           all nine
#     --batch N,N              1,8,32
#     --precisions "P P"       fp32 tf32 fp16
#     --cases N                random cases for each operation of the self-test (12)
#     --with STEP:NAME=VALUE   an environment variable for one step; may be given several times
# Writes OUT/CALL/: steps.tsv says how each step ended, STEP.out and STEP.err what it printed; OUT/gpu-CALL.tar.gz is all of it. Exit code 0
# if every step held, 1 if one did not, 2 for wrong use. tools/gpu-report.py makes tables of the archives.
set -uo pipefail

usage() { sed -n '2,24s/^# \{0,1\}//p' "$0" >&2; exit 2; }
refuse() { echo "gpu-check: $1" >&2; exit 2; }

[ $# -ge 2 ] || usage
call=$1 out=$2
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
program=$root/program/lungseg device=cuda limit='' scale=1 archive=16 networks='' batch=1,8,32 precisions='fp32 tf32 fp16' cases=12 with=()
while [ $# -gt 0 ]; do
    case "$1" in
        --program | --device | --limit | --scale | --archive | --networks | --batch | --precisions | --cases | --with) [ $# -ge 2 ] || refuse "$1 needs a value" ;;
        *) usage ;;
    esac
    case "$1" in
        --program) program=$2 ;;
        --device) device=$2 ;;
        --limit) limit=$2 ;;
        --scale) scale=$2 ;;
        --archive) archive=$2 ;;
        --networks) networks=$2 ;;
        --batch) batch=$2 ;;
        --precisions) precisions=$2 ;;
        --cases) cases=$2 ;;
        --with) with+=("$2") ;;
    esac
    shift 2
done
[[ $call =~ ^[a-e]$ ]] || refuse "there is no call '$call'; expected a, b, c, d or e"
[ -x "$program" ] || refuse "'$program' is not a program: pack one with tools/gpu-pack.sh, or name it (--program)"
goldens=$root/tests/data/golden sample=$root/samples/radiograph.png
[ -d "$goldens" ] || refuse "the golden files are missing: $goldens"
mkdir -p "$out/$call" || exit 2
program=$(realpath "$program") archive_file=$(realpath "$out")/gpu-$call.tar.gz out=$(realpath "$out/$call")
rm -rf "${out:?}"/*
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra keys <<< "${networks//,/ }"
limit=${limit:-$([ "$call" = c ] && echo 420 || echo 540)}
begin=$(date +%s)
# The last seconds are for the archive.
deadline=$((begin + limit - (limit > 120 ? 20 : 3)))
printf 'step\tstate\texit\tseconds\tlimit\tbytes\n' > "$out/steps.tsv"

note() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$6" >> "$out/steps.tsv"
    printf '%-18s %-10s %8s s of %5s s %10s bytes\n' "$1" "$2" "$4" "$5" "$6"
}

# step NAME SECONDS COMMAND...: runs it under its own limit, and that of the call; the others go on whatever becomes of it.
step() {
    local name=$1 most started=$EPOCHREALTIME code state left
    left=$((deadline - $(date +%s)))
    most=$(awk -v own="$2" -v scale="$scale" -v left="$left" 'BEGIN { most = own * scale; if (most < 2) most = 2; print int(most < left ? most : left) }')
    shift 2
    if [ "$left" -lt 2 ]; then note "$name" 'left out' - 0 0 0; return 1; fi
    local variables=() pair
    for pair in "${with[@]+"${with[@]}"}"; do [ "${pair%%:*}" = "$name" ] && variables+=("${pair#*:}"); done
    # The shell's own word about a process that had to be killed goes nowhere.
    { env "${variables[@]+"${variables[@]}"}" timeout -k 3 "$most" "$@" > "$out/$name.out" 2> "$out/$name.err" < /dev/null; } 2> /dev/null
    code=$?
    case $code in 0) state=ok ;; 124 | 137) state='timed out' ;; *) state=failed ;; esac
    note "$name" "$state" "$code" "$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" "$most" "$(cat "$out/$name.out" "$out/$name.err" | wc -c)"
    [ -s "$out/$name.err" ] || rm -f "$out/$name.err"
    return "$code"
}

absent() { printf '%s\tabsent\t-\t0\t-\t0\n' "$1" >> "$out/steps.tsv"; echo "$1: left out, $2" | tee "$out/$1.out"; }

machine() {
    date -u +%Y-%m-%dT%H:%MZ
    uname -srm
    nproc
    nvidia-smi --query-gpu=index,name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit,pstate,compute_mode --format=csv
    "$program" --version
    "$program" doctor
}

# The mask on the GPU and on the CPU: a hundred thousandth of the pixels may be on the other side of the threshold.
image() {
    "$program" segment "$sample" -o "$work/cpu" --device cpu && "$program" segment "$sample" -o "$work/gpu" --device "$device" \
        && "$program" compare "$work/cpu/radiograph.mask.png" "$work/gpu/radiograph.mask.png" --json > "$work/compare.json" || return
    awk -F'[:,]' '/"differing_pixels"/ { d += $2 } /"pixels"/ { p += $2 }
        END { print "pixels of the mask that differ from the CPU'"'"'s: " d + 0 " of " p + 0; exit !(p > 0 && d <= 1e-5 * p) }' "$work/compare.json"
}

# From the start of the process to the mask on disk: first with nothing in the driver's cache, then three times with it.
start() {
    local run started
    for run in empty warm warm warm; do
        rm -rf "$work/start"
        started=$EPOCHREALTIME
        CUDA_CACHE_PATH=$work/cache "$program" segment "$sample" -o "$work/start" --device "$device" > "$work/start.txt" 2>&1 || { cat "$work/start.txt"; return 1; }
        awk -v run="$run" -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "process start to mask, driver cache %s: %.3f s\n", run, b - a }'
    done
}

bench() { step "bench-$1${2:-}" "${3:-120}" "$program" bench "${keys[@]+"${keys[@]}"}" --device "$device" --precision "$1" --batch "$batch" --json; }

times() {
    local precision network
    for precision in $precisions; do bench "$precision" "${1:-}"; done
    for network in pan unet deeplabv3plus; do
        step "layers-$network${1:-}" 30 "$program" bench "$network" --device "$device" --precision "${precisions##* }" --explain
    done
}

call_a() {
    step machine 30 bash -c machine
    if ! command -v ptxas > /dev/null; then absent assemble 'ptxas is not installed'
    elif [ ! -f "$root/kernels/kernels.json" ]; then absent assemble 'the pack has no kernels'
    else step assemble 90 "$root/tools/assemble-ptx.sh" --from "$root/kernels" --architectures 'sm_90a sm_100 sm_120'; fi
    step kernels 60 "$program" kernels --device "$device"
    local precision children=()
    for precision in $precisions; do
        step "selftest-$precision" 200 "$program" selftest --device "$device" --precision "$precision" --goldens "$goldens" --cases "$cases" --json &
        children+=($!)
    done
    wait "${children[@]}"
    step verify 120 "$program" verify "$goldens"/*.safetensors --device "$device" --taps all
    step image 60 bash -c image
    step start 60 bash -c start
    step first-times 60 "$program" bench pan unet --device "$device" --precision "${precisions##* }" --batch 1 --json
}

call_b() { times; }

call_c() {
    if ! python3 -c 'import torch' 2> /dev/null; then absent peer-graph 'python3 has no PyTorch'; absent peer-compile 'python3 has no PyTorch'; return; fi
    peer peer-graph 220 graph "$networks" "${precisions// /,}"
    # Compiling takes tens of seconds for each network, precision and batch: three networks in one precision.
    peer peer-compile 180 compile pan,deeplabv3plus,unet "${precisions##* }"
}

# Its table of times is written again after each of them, so that what was measured is there if it runs out of time.
peer() {
    step "$1" "$2" python3 "$root/tools/gpu_peer.py" --lungseg "$program" --goldens "$goldens" ${4:+--networks "$4"} --batch "$batch" \
        --precision "$5" --modes "$3" --out "$out/$1.json"
}

call_d() {
    local tool
    for tool in memcheck racecheck; do
        if ! command -v compute-sanitizer > /dev/null; then absent "$tool" 'compute-sanitizer is not installed'; continue; fi
        LUNGSEG_CUDA_ISOLATE=1 step "$tool" 200 compute-sanitizer --tool "$tool" --target-processes all --error-exitcode 1 \
            "$program" selftest --device "$device" --cases 1 --networks none --precision "${precisions##* }"
    done
    if ! command -v ncu > /dev/null; then absent roofline 'Nsight Compute (ncu) is not installed'; return; fi
    # One launch at a time: kernels within a captured graph are not told apart.
    local network
    for network in pan unet; do
        LUNGSEG_CUDA_STEPWISE=1 step "roofline-$network" 60 ncu --csv --section SpeedOfLight --section SpeedOfLight_RooflineChart --section Occupancy \
            --kernel-name 'regex:conv_|depthwise' --launch-skip 5 --launch-count 40 "$program" bench "$network" --device "$device" --precision "${precisions##* }" --batch 8 --runs 1
    done
}

call_e() {
    step tune 40 "$program" tune --device "$device" -o "$out/tuning.json"
    [ -s "$out/tuning.json" ] || return
    export LUNGSEG_TUNING=$out/tuning.json
    times -tuned
}

# Packs what was written; where that is too much the largest files keep their begin and end.
pack() {
    local largest
    while :; do
        tar -czf "$archive_file" -C "$(dirname "$out")" "$call"
        [ "$(stat -c %s "$archive_file")" -gt $((archive * 1048576)) ] || break
        largest=$(find "$out" -type f ! -name steps.tsv -printf '%s\t%p\n' | sort -rn | head -n 1 | cut -f 2)
        [ -n "$largest" ] || break
        if [ "$(stat -c %s "$largest")" -gt 131072 ]; then
            { head -c 32768 "$largest"; printf '\n[%s bytes were cut here]\n' "$(($(stat -c %s "$largest") - 65536))"; tail -c 32768 "$largest"; } > "$work/cut"
            mv "$work/cut" "$largest"
        else
            rm -f "$largest"
        fi
        basename "$largest" >> "$out/cut.txt"
    done
}

# Functions that run as a step have a shell of their own, which a limit can end.
export -f machine image start
export program device sample work

"call_$call"
pack
bad=$(awk -F'\t' 'NR > 1 && $2 != "ok" && $2 != "absent"' "$out/steps.tsv" | wc -l)
echo "call $call: $(($(date +%s) - begin)) s of $limit s; $bad of $(($(wc -l < "$out/steps.tsv") - 1)) steps did not hold; $(stat -c %s "$archive_file") bytes in $archive_file"
[ "$bad" = 0 ]

#!/usr/bin/env bash
# Rehearses the first hour on a GPU where there is none: packs the program, unpacks it elsewhere, and makes every call of
# tools/gpu-check.sh on the stub driver (tests/data/cuda/stub.c, which answers everything and computes nothing). One step is made to hang
# and one to fail; the others must still report, and tools/gpu-report.py makes tables of what would come back.
#   tests/gpu-rehearsal.sh PUBLISHED OUT [--scale F]     PUBLISHED: see tools/gpu-pack.sh; F: times each step's own limit (0.2)
# Exit code 0 if every call ended within its limit, the archives are small enough and the two steps, and no other that can hold on a
# driver that computes nothing, failed.
set -uo pipefail
[ $# = 2 ] || { [ $# = 4 ] && [ "$3" = --scale ]; } || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
published=$1 out=$2 scale=${4:-0.2}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(realpath "$out")
bad=0
fail() { echo "rehearsal: $1"; bad=$((bad + 1)); }

cc -shared -fPIC -O1 -w -o "$out/libcuda.so.1" "$root/tests/data/cuda/stub.c" || { echo "rehearsal: there is no C compiler"; exit 2; }
export LD_LIBRARY_PATH=$out
"$root/tools/gpu-pack.sh" "$published" "$out/pack.tar.gz" || exit 1
rm -rf "$out/there" && mkdir "$out/there" && tar -xzf "$out/pack.tar.gz" -C "$out/there"
for call in a b c d e; do
    echo
    started=$(date +%s)
    "$out/there/lungseg-gpu/tools/gpu-check.sh" "$call" "$out/results" --scale "$scale" --cases 1 --batch 1,8 --networks pan,unet \
        --with bench-tf32:LUNGSEG_STUB_HANG=cuGraphLaunch --with image:LUNGSEG_STUB_FAIL=cuLaunchKernel
    [ $(($(date +%s) - started)) -le 540 ] || fail "call $call took longer than its limit"
    [ "$(stat -c %s "$out/results/gpu-$call.tar.gz")" -le $((16 * 1048576)) ] || fail "the archive of call $call is too large"
done
"$root/tools/gpu-report.py" "$out"/results/gpu-*.tar.gz -o "$out/report.md"
outcome() { awk -F'\t' -v step="$2" '$1 == step { print $2 }' "$out/results/$1/steps.tsv"; }
expect() { [ "$(outcome "$1" "$2")" = "$3" ] || fail "step $2 of call $1: expected '$3', found '$(outcome "$1" "$2")'"; }
expect b bench-tf32 'timed out'
expect a image failed
# What needs no right numbers holds beside them.
for step in machine kernels first-times; do expect a "$step" ok; done
for step in bench-fp32 bench-fp16 layers-pan layers-unet layers-deeplabv3plus; do expect b "$step" ok; done
for step in tune bench-fp32-tuned bench-fp16-tuned; do expect e "$step" ok; done
echo
echo "rehearsal: $bad things are not as expected; report in $out/report.md"
[ "$bad" = 0 ]

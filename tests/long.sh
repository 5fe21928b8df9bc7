#!/usr/bin/env bash
# Tests that take longer than the everyday suite may, run by hand: long.sh NAME.
#   networks   all nine networks on the emulated GPU, in every precision (about half an hour on two cores)
#   kernels    the self-test of every kernel on the emulated GPU (some minutes)
#   fuzz       the fuzz tests of the parsers with a hundred times as many cases (LUNGSEG_FUZZ_CASES sets another number)
#   flags      how often each flag is raised by real radiographs (shared/cxr) and changed ones; LUNGSEG_PHOTOS: a folder of photographs
#   server-fuzz   50,000 damaged associations, HTTP requests and images (a quarter of an hour; LUNGSEG_SERVER_FUZZ_CASES sets
#              another number)
#   server-load   images a second through the service beside segment, latency, memory over 5,000 images (LUNGSEG_SERVER_IMAGES)
#   server-kills  200 times kill -9 while the service gets images (about ten minutes; LUNGSEG_SERVER_KILLS sets another number)
#   disposal   16 threads segment while others dispose and load: 2000 rounds (LUNGSEG_DISPOSAL_ROUNDS sets another number; some minutes)
#   kill       runs over a folder of 30 images, killed at 240 points and resumed (some minutes)
#   soak       32,000 segmentations, 3,200 loads, 16 threads, weights replaced while in use, memory refused, 80 shards at once,
#              21.7 million damaged files through the library, and as many through the C library (some hours; LUNGSEG_SOAK sets
#              another number of segmentations, LUNGSEG_FUZZ_CASES of files)
#   memory     --memory over 100 images, and in a control group where one can be made (some minutes)
#   native     builds the native program and the C library for Linux and Windows, and the wheel, and runs their tests (about a quarter
#              of an hour; g++, golang-go, valgrind, python3-numpy, gcc-mingw-w64-x86-64-win32, clang, lld, llvm and wine64; without them
#              their tests are skipped)
#   smp-table  the table of docs/checkpoints.md: one network of each family on every instruction set and the reference
#   smp-convert   networks of each family, architecture and option as checkpoints, converted and verified in processes of their
#              own (LUNGSEG_SMP)
#   smp-gpu    one network of each family on the emulated GPU, against the reference
#   smp        every network of segmentation_models_pytorch that shared/smp has an output of (LUNGSEG_SMP: a pattern of names)
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

run() {
    local project=$1
    shift
    dotnet run --project "tests/$project" -c Release -- -noColor -diagnostics "$@"
}

case "${1:-}" in
networks) run Models.Tests -explicit only -class '*EmulatedGpuTests' ;;
kernels) run Cli.Tests -explicit only -class '*SelfTestKernelsTests' ;;
flags) run Models.Tests -explicit only -class '*FlagSurveyTests' -showLiveOutput ;;
server-fuzz) LUNGSEG_SERVER_FUZZ_CASES=${LUNGSEG_SERVER_FUZZ_CASES:-50000} run Server.Tests -class '*FuzzTests' ;;
server-load) run Server.Tests -explicit only -class '*LoadTests' ;;
server-kills) LUNGSEG_SERVER_KILLS=${LUNGSEG_SERVER_KILLS:-200} run Server.Tests -method '*number_of_kills*' ;;
disposal)
    export LUNGSEG_DISPOSAL_ROUNDS=${LUNGSEG_DISPOSAL_ROUNDS:-2000}
    run Models.Tests -explicit only -method '*Rounds_of_disposing_and_loading'
    ;;
kill) run Cli.Tests -explicit only -class '*KilledRunTests' ;;
soak)
    status=0
    run Models.Tests -explicit only -class '*SoakTests' -showLiveOutput || status=1
    run Cli.Tests -explicit only -class '*SoakRunTests' -class '*ShardRunTests' -showLiveOutput || status=1
    export LUNGSEG_NATIVE=$PWD/artifacts/native/fast LUNGSEG_NATIVE_QUALITY=5
    tools/native.sh library linux-x64 "$LUNGSEG_NATIVE" || exit 1
    run Native.Tests -explicit only -class '*BuiltLibraryTests' -showLiveOutput || status=1
    exit "$status"
    ;;
memory) run Cli.Tests -explicit only -class '*MemoryCeilingTests' -showLiveOutput ;;
native)
    export LUNGSEG_NATIVE=$PWD/artifacts/native/out
    for kind in program library static; do tools/native.sh "$kind" linux-x64 "$LUNGSEG_NATIVE" || exit 1; done
    rm -f "$LUNGSEG_NATIVE"/*.whl
    tools/wheel.py "$LUNGSEG_NATIVE/liblungseg.so" "$LUNGSEG_NATIVE" || exit 1
    if command -v x86_64-w64-mingw32-gcc > /dev/null; then
        for kind in program library; do tools/native.sh "$kind" win-x64 "$LUNGSEG_NATIVE" || exit 1; done
        tools/wheel.py "$LUNGSEG_NATIVE/liblungseg.dll" "$LUNGSEG_NATIVE" win-x64 || exit 1
    fi
    run Native.Tests
    ;;
smp-table) run Models.Tests -explicit only -class '*SmpFamilyTests' -showLiveOutput ;;
smp-convert) run Cli.Tests -explicit only -class '*SmpCheckpointTests' -showLiveOutput ;;
smp-gpu) run Models.Tests -explicit only -class '*SmpGpuTests' -showLiveOutput ;;
smp) run Models.Tests -explicit only -class '*SmpTests' ;;
fuzz)
    export LUNGSEG_FUZZ_CASES=${LUNGSEG_FUZZ_CASES:-600000}
    status=0
    for project in Engine.Tests Imaging.Tests; do
        run "$project" -class '*FuzzTests' -class '*GifTests' -class '*TiffTests' || status=1
    done
    exit "$status"
    ;;
*)
    sed -n '2,/^set/{/^#/p}' "$0"
    exit 2
    ;;
esac

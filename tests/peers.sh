#!/usr/bin/env bash
# The tests that the everyday run skips, since they need other programs or are large: peers.sh [RESULTS]. RESULTS is the table of an
# everyday run (tests/everyday.sh), which is made first if it is not there. As root on Debian this installs the programs. Then it runs
# again what was skipped, compares masks of the programs for Arm64, musl and Windows with this machine's, and looks at the trimmed
# program's warnings. RESULTS then holds what both runs found.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DEBIAN_FRONTEND=noninteractive
results=${1:-artifacts/tests.tsv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

packages=(g++ gcc libc6-dev binutils valgrind golang-go python3-venv python3-pip
    chromium dicom3tools dcmtk orthanc orthanc-dicomweb strace systemd fish zsh bsdutils libopenjp2-tools libgdcm-tools
    python3-pydicom python3-numpy python3-nibabel python3-pil teem-apps unzip slurmctld slurmd munge
    qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross musl
    clang lld llvm gcc-mingw-w64-x86-64-win32 wine wine64)

# Debian's Node.js does not go beside another one.
command -v npm > /dev/null || packages+=(nodejs npm)

install() {
    if [ "$(id -u)" != 0 ] || ! grep -qx 'ID=debian' /etc/os-release 2> /dev/null; then
        echo "peers: nothing is installed: that needs root on Debian"
        return
    fi
    apt-get update -qq > "$work/apt.log" 2>&1 || echo "peers: apt-get update failed: $(tail -n 1 "$work/apt.log")"
    apt-get install -y -qq --no-install-recommends "${packages[@]}" > "$work/apt.log" 2>&1 && return
    # One that is not to be had does not keep the others away.
    for package in "${packages[@]}"; do
        apt-get install -y -qq --no-install-recommends "$package" > "$work/apt.log" 2>&1 ||
            echo "peers: $package cannot be installed, its tests are skipped: $(grep -m 1 '^E:' "$work/apt.log")"
    done
}

# The viewers' own code; its folder is not part of the repository.
viewers() {
    [ -d tests/Viewers ] && [ ! -d tests/Viewers/node_modules ] || return
    command -v npm > /dev/null || { echo "peers: npm is not installed: the viewers' tests are skipped"; return; }
    (cd tests/Viewers && timeout 600 npm ci --no-audit --no-fund) > "$work/npm.log" 2>&1 ||
        echo "peers: npm ci failed, the viewers' tests are skipped: $(tail -n 1 "$work/npm.log")"
}

# The native program, the C library and the wheel, compressed in seconds: their tests, skipped without them, run again below.
native() {
    local what="The native program and the C library are built" folder=$PWD/artifacts/native/fast kind
    if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v cc > /dev/null || ! command -v objdump > /dev/null; then
        record Skip native "$what" "that needs a C compiler and binutils on x64"
        return
    fi
    export LUNGSEG_NATIVE_QUALITY=5
    for kind in program library; do
        timeout 900 tools/native.sh $kind linux-x64 "$folder" > "$work/native.log" 2>&1 ||
            { tail -n 5 "$work/native.log"; record Fail native "$what"; return; }
    done
    rm -f "$folder"/*.whl
    tools/wheel.py "$folder/liblungseg.so" "$folder" > /dev/null || { record Fail native "$what"; return; }
    export LUNGSEG_NATIVE=$folder
    record Pass native "$what"
}

# The same for Windows, without the level that wine cannot run.
native_windows() {
    local what="The native program and the C library are built for Windows" kind tool
    [ -n "${LUNGSEG_NATIVE:-}" ] || { record Skip native-windows "$what" "those for this machine are not built"; return; }
    for tool in clang lld-link llvm-dlltool x86_64-w64-mingw32-gcc; do
        command -v $tool > /dev/null || { record Skip native-windows "$what" "$tool is not installed"; return; }
    done
    for kind in program library; do
        LUNGSEG_LEVELS="avx2 vector128" timeout 900 tools/native.sh $kind win-x64 "$LUNGSEG_NATIVE" > "$work/native.log" 2>&1 ||
            { tail -n 5 "$work/native.log"; record Fail native-windows "$what"; return; }
    done
    tools/wheel.py "$LUNGSEG_NATIVE/liblungseg.dll" "$LUNGSEG_NATIVE" win-x64 > /dev/null || { record Fail native-windows "$what"; return; }
    record Pass native-windows "$what"
}

# A processor that lacks instructions lacks them the second time too.
again() {
    awk -F '\t' '$1 == "Skip" && $6 !~ /^this processor has no/ { print $2 "\t" $3 "." $4 }' "$results" | sort -u > "$work/again"
    cut -f 1 "$work/again" | sort -u | while read -r assembly; do
        filters=()
        while read -r method; do filters+=(-method "$method"); done < <(awk -F '\t' -v a="$assembly" '$1 == a { print $2 }' "$work/again")
        dotnet exec "$assembly" "${filters[@]}" -noLogo -noColor -result-xml "$work/$(basename "$assembly").xml" || touch "$work/failed"
    done
    find "$work" -maxdepth 1 -name '*.xml' -print0 | xargs -0r tests/results.sh read >> "$work/later.tsv"
}

# record OUTCOME NAME WHAT [REASON]: one more line of the results.
record() {
    echo "peers: $2: $1 ${4:-}"
    printf '%s\tpeers.sh\tpeers\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >> "$work/later.tsv"
    [ "$1" != Fail ] || status=1
}

# published RID: the program is published for RID into $work/RID.
published() {
    dotnet publish src/Cli -c Release -r "$1" -o "$work/$1" -v q --nologo > "$work/publish.log" 2>&1 && return
    tail -n 5 "$work/publish.log"
    return 1
}

# same_masks COMMAND...: the program that COMMAND starts gives this machine's masks and probabilities, byte by byte, in fp32 and int8.
same_masks() {
    local precision file
    for precision in fp32 int8; do
        local segment=(segment samples/radiograph.png --format mask,npy --precision "$precision")
        [ -d "$work/here-$precision" ] || dotnet run -c Release --project src/Cli -- "${segment[@]}" -o "$work/here-$precision" || return 1
        rm -rf "$work/there"
        timeout 900 "$@" "${segment[@]}" -o "$work/there" || return 1
        for file in radiograph.mask.png radiograph.probabilities.npy; do
            cmp "$work/there/$file" "$work/here-$precision/$file" || return 1
        done
    done
}

arm64() {
    local what="The Arm64 program under qemu gives the same masks and probabilities bit by bit, in fp32 and int8" qemu
    qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
    if [ "$(uname -m)" = aarch64 ]; then
        record Skip arm64 "$what" "this machine is Arm64: all tests ran there"
    elif [ -z "$qemu" ] || [ ! -d /usr/aarch64-linux-gnu/lib ]; then
        record Skip arm64 "$what" "qemu-user-static or the Arm64 C library is not installed"
    # .NET's concurrent collector crashes now and then under qemu 7.2, whatever the program.
    elif published linux-arm64 &&
        same_masks env DOTNET_gcConcurrent=0 "$qemu" -L /usr/aarch64-linux-gnu "$work/linux-arm64/lungseg"; then
        record Pass arm64 "$what"
    else
        record Fail arm64 "$what"
    fi
}

musl() {
    local what="The program for musl gives the same masks and probabilities bit by bit, in fp32 and int8"
    local program=$work/linux-musl-x64/lungseg
    if [ "$(uname -m)" != x86_64 ] || [ ! -e /lib/ld-musl-x86_64.so.1 ] ||
        ! command -v gcc > /dev/null || ! command -v objcopy > /dev/null; then
        record Skip musl "$what" "musl, gcc or binutils is not installed, or this is not x64"
    elif published linux-musl-x64 && tests/Support/Musl/libraries.sh "$program" "$work/libraries" &&
        same_masks env LD_LIBRARY_PATH="$work/libraries" "$program"; then
        record Pass musl "$what"
    else
        record Fail musl "$what"
    fi
}

windows() {
    local what="The program for Windows under wine gives the same masks and probabilities bit by bit, in fp32 and int8" wine
    wine=$(command -v wine64 || ls /usr/lib/wine/wine64 2> /dev/null || true)
    if [ -z "$wine" ] || [ ! -e "${LUNGSEG_NATIVE:-}/lungseg.exe" ]; then
        record Skip windows "$what" "wine is not installed, or the program is not built"
        return
    fi
    local -x WINEPREFIX=$work/wine WINEDEBUG=-all
    # The quantised weights are not inside.
    if same_masks env LUNGSEG_WEIGHTS=weights "$wine" "$LUNGSEG_NATIVE/lungseg.exe"; then
        record Pass windows "$what"
    else
        record Fail windows "$what"
    fi
    "$wine" wineboot --kill > /dev/null 2>&1
}

packages() {
    local what="The packages are taken from a folder by the examples, and the tool is installed"
    if ! command -v unzip > /dev/null; then
        record Skip packages "$what" "unzip is not installed"
    elif tests/packages.sh; then
        record Pass packages "$what"
    else
        record Fail packages "$what"
    fi
}

compatibility() {
    local what="Nothing of the libraries' public surface breaks beyond what is listed"
    tools/api-compat.sh
    case $? in
    0) record Pass compatibility "$what" ;;
    2) record Skip compatibility "$what" "the history does not reach back to 0.1.0" ;;
    *) record Fail compatibility "$what" ;;
    esac
}

slurm() {
    local what="Four tasks of a Slurm array, one killed and requeued, give what one run gives"
    if [ "$(id -u)" != 0 ] || ! command -v slurmctld > /dev/null || ! command -v slurmd > /dev/null || ! command -v munged > /dev/null; then
        record Skip slurm "$what" "slurmctld, slurmd or munge is not installed, or this is not root"
    elif tests/slurm.sh src/Cli/bin/Release/net10.0/lungseg; then
        record Pass slurm "$what"
    else
        record Fail slurm "$what"
    fi
}

checkpoints() {
    local what="Checkpoints of segmentation_models_pytorch in six forms are converted and verified by the program"
    local -x LUNGSEG_SMP='^0.3.3 (PAN timm-eff|PSPNet mobile|PSPNet timm-regnet|Linknet timm-regnet|Linknet densenet)'
    if tests/long.sh smp-convert; then
        record Pass checkpoints "$what"
    else
        record Fail checkpoints "$what"
    fi
}

trimming() {
    local what="The trimmed program gives the known warnings and no other"
    if tests/trimming.sh; then record Pass trimming "$what"; else record Fail trimming "$what"; fi
}

[ -f "$results" ] || { mkdir -p "$(dirname "$results")"; tests/everyday.sh "$results" || status=1; }
install
viewers
native
native_windows
export LUNGSEG_LARGE=1
again
[ ! -e "$work/failed" ] || status=1
arm64
musl
windows
packages
compatibility
slurm
checkpoints
trimming
tests/results.sh merge "$results" "$work/later.tsv" > "$work/all.tsv" && cp "$work/all.tsv" "$results"
# By itself, this is the last word; .ci/run has its own.
[ -n "${1:-}" ] || tests/results.sh summary "$results" || status=1
exit "$status"

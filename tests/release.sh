#!/usr/bin/env bash
# Runs what tools/release.sh made: release.sh DIR. Checks the sums, unpacks each file and has its program segment the sample; the masks are
# the same byte for byte. Says for each whether it ran, under what, or why it did not. Root runs the container's folder by chroot.
set -uo pipefail
dir=$(realpath "${1:?expected the folder of a release}")
cd "$(dirname "$0")/.."
sample=$PWD/samples/radiograph.png
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
(cd "$dir" && sha256sum --quiet -c SHA256SUMS) || { echo "release: the sums do not hold"; exit 1; }
version=$(basename "$dir"/lungseg-*.cdx.json .cdx.json | sed 's/lungseg-//')

# ran NAME HOW COMMAND...: COMMAND segments the sample into the folder NAME; the mask must be the first one's.
ran() {
    local name=$1 how=$2
    shift 2
    if "$@" > "$work/log" 2>&1 && cmp -s "$work/out/$name/radiograph.mask.png" "${first:=$work/out/$name/radiograph.mask.png}"; then
        echo "$name: runs $how, the same mask"
    else
        echo "$name: FAILS $how: $(tail -n 1 "$work/log")"
        status=1
    fi
}

unpack() { tar -xzf "$dir/$1.tar.gz" -C "$work"; }

segment() { "${@:2}" segment "$sample" -o "$work/out/$1"; }

native=lungseg-$version-linux-x64
unpack $native
ran $native "here" segment $native "$work/$native/lungseg"
unpack $native-jit
ran $native-jit "here" segment $native-jit "$work/$native-jit/lungseg"

name=lungseg-$version-linux-arm64
unpack $name
if command -v qemu-aarch64-static > /dev/null && [ -d /usr/aarch64-linux-gnu/lib ]; then
    # .NET's concurrent collector crashes now and then under qemu 7.2.
    ran $name "under qemu" segment $name env DOTNET_gcConcurrent=0 qemu-aarch64-static -L /usr/aarch64-linux-gnu "$work/$name/lungseg"
else
    echo "$name: built, not run: qemu-user-static or libc6-arm64-cross is not installed"
fi

name=lungseg-$version-linux-musl-x64
unpack $name
if [ ! -e /lib/ld-musl-x86_64.so.1 ]; then
    echo "$name: built, not run: musl is not installed"
elif "$work/$name/lungseg" --version > "$work/log" 2>&1; then
    ran $name "under musl" segment $name "$work/$name/lungseg"
else
    tests/Support/Musl/libraries.sh "$work/$name/lungseg" "$work/musl"
    ran $name "under musl" segment $name env LD_LIBRARY_PATH="$work/musl" "$work/$name/lungseg"
fi

wine=$(command -v wine64 || ls /usr/lib/wine/wine64 2> /dev/null || true)
for name in lungseg-$version-win-x64{,-jit}; do
    python3 -m zipfile -e "$dir/$name.zip" "$work"
    if [ -n "$wine" ]; then
        # wine 8 cannot map code that was compiled ahead out of a single file; .NET with a JIT compiler then compiles all as it runs.
        ran $name "under wine" segment $name \
            env WINEPREFIX="$work/wine" WINEDEBUG=-all DOTNET_ReadyToRun=0 "$wine" "$work/$name/lungseg.exe"
    else
        echo "$name: built, not run: wine is not installed"
    fi
done

name=lungseg_${version}_amd64.deb
dpkg-deb -x "$dir/$name" "$work/deb"
ran $name "unpacked" segment $name "$work/deb/usr/bin/lungseg"
zcat "$work/deb/usr/share/man/man1/lungseg.1.gz" > "$work/lungseg.1"
if command -v man > /dev/null; then man --warnings -E UTF-8 -l "$work/lungseg.1" 2>&1 > "$work/page" | sed 's/^/manual: /'; fi
grep -q 'segment' "$work/lungseg.1" || { echo "the manual has no segment"; status=1; }
name=lungseg-server_${version}_amd64.deb
dpkg-deb -x "$dir/$name" "$work/deb"
if "$work/deb/usr/lib/lungseg-server/lungseg-server" --http 127.0.0.1:8080 --check > "$work/log" 2>&1; then
    echo "$name: unpacked, its options are checked"
else
    echo "$name: FAILS: $(tail -n 1 "$work/log")"
    status=1
fi

name=lungseg-$version-container
unpack $name
root=$work/$name/root
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$root/work" "$root/proc" "$root/dev" "$work/out/$name"
    chmod 777 "$work/out/$name"
    # As the image is meant to run: without root's rights, the root read-only, one folder to write to, /proc and /dev as containers
    # have them.
    inside="mount --bind $root $root && mount --bind $work/out/$name $root/work && mount -t proc proc $root/proc &&
        mount --rbind /dev $root/dev && cp $sample $root/work && mount -o remount,bind,ro $root"
    ran $name "by chroot, without rights, its root read-only" unshare -m sh -c \
        "$inside && chroot --userspec=10001:10001 $root /usr/lib/lungseg/lungseg segment /work/radiograph.png -o /work"
fi
if ! command -v podman > /dev/null; then
    echo "$name: podman is not installed here: not run by it"
elif podman build -q -t lungseg-tried "$work/$name" > "$work/log" 2>&1 &&
    podman run --rm --read-only lungseg-tried --version > "$work/log" 2>&1; then
    mkdir -p "$work/out/$name-podman"
    chmod 777 "$work/out/$name-podman"
    cp "$sample" "$work/out/$name-podman"
    ran $name-podman "by podman, its root read-only" podman run --rm --read-only -v "$work/out/$name-podman:/work" lungseg-tried \
        segment /work/radiograph.png -o /work
    podman rmi -f lungseg-tried > /dev/null 2>&1
else
    echo "$name: podman does not run containers here: $(tail -n 1 "$work/log")"
fi

library=liblungseg-$version-linux-x64
unpack $library
if command -v cc > /dev/null; then
    cc "$work/$library/examples/c/segment.c" -I"$work/$library/include" -L"$work/$library/lib" -llungseg -o "$work/segment" &&
        LD_LIBRARY_PATH=$work/$library/lib "$work/segment" "$sample" "$work/mask.pgm" > "$work/log" 2>&1 &&
        echo "$library: runs here, from C" ||
        { echo "$library: FAILS: $(tail -n 1 "$work/log")"; status=1; }
fi

library=liblungseg-$version-win-x64
python3 -m zipfile -e "$dir/$library.zip" "$work"
if [ -n "$wine" ] && command -v x86_64-w64-mingw32-gcc > /dev/null; then
    program=$work/$library/lib/segment.exe mask=$work/windows.pgm
    x86_64-w64-mingw32-gcc "$work/$library/examples/c/segment.c" -I"$work/$library/include" "$work/$library/lib/liblungseg.lib" \
        -o "$program" && WINEPREFIX=$work/wine WINEDEBUG=-all "$wine" "$program" "$sample" "$mask" > "$work/log" 2>&1 &&
        cmp "$work/mask.pgm" "$mask" && echo "$library: runs under wine, from C, the same mask" ||
        { echo "$library: FAILS: $(tail -n 1 "$work/log")"; status=1; }
else
    echo "$library: built, not run: wine or gcc-mingw-w64-x86-64-win32 is not installed"
fi
[ -z "$wine" ] || WINEPREFIX=$work/wine "$wine" wineboot --kill > /dev/null 2>&1
exit "$status"

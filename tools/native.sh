#!/usr/bin/env bash
# Native builds: native.sh program|library|static RID OUT [--without-weights].
#   program  OUT/lungseg: one file with the default network inside. linux-x64, linux-arm64 and win-x64 are compiled ahead; elsewhere .NET is
#            inside (self-contained, trimmed), with the folder of weights beside it.
#   library  OUT/liblungseg.so for include/lungseg.h, with the default network inside.
#   static   OUT/liblungseg.a for one level of the processor, without weights.
# For win-x64 these are lungseg.exe and liblungseg.dll, which need the lungseg-LEVEL.dll or liblungseg-LEVEL.dll beside them.
# LUNGSEG_LEVELS names the levels to build, of avx512, avx2 and vector128: all if not set, and of a static library avx2.
# LUNGSEG_NATIVE_QUALITY=5 compresses in seconds instead of minutes, for tests; what is released has 11, the default.
# Needs clang or gcc and binutils; linux-arm64 on x64 also clang, lld, llvm, libc6-dev-arm64-cross and libgcc-12-dev-arm64-cross; win-x64
# clang, lld, llvm and gcc-mingw-w64-x86-64-win32. No symbol is newer than GLIBC_2.28.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[ $# -ge 3 ] || { sed -n '2,12p' "$0"; exit 2; }
kind=$1 rid=$2 weights=pan.safetensors glibc=2.28
[ "${4:-}" != --without-weights ] || weights=
mkdir -p "$3"
out=$(cd "$3" && pwd)
work=$PWD/artifacts/native/$kind-$rid
mkdir -p "$work"

# Analyzers are for those who change the code.
publish() { dotnet publish "$1" -c Release -r "$rid" -v q -p:RunAnalyzers=false "${@:2}"; }

# The levels, the widest first: name, what Outer/choice.c calls the processors that have it, what the compiler calls it.
levels="avx512 NEEDS_V4 x86-64-v4
avx2 NEEDS_V3 x86-64-v3
vector128 NEEDS_NOTHING x86-64-v2"
link=(-p:NativeLinkerArgument="-L$work/stubs")
case $kind-$rid in
*-linux-x64) cc=${CC:-cc} libraries=/lib/x86_64-linux-gnu ;;
*-linux-arm64)
    levels="vector128 NEEDS_NOTHING armv8-a"
    if [ "$(uname -m)" = aarch64 ]; then
        cc=${CC:-cc} libraries=/lib/aarch64-linux-gnu
    else
        cc=${CC:-clang --target=aarch64-linux-gnu -fuse-ld=lld} libraries=/usr/aarch64-linux-gnu/lib
        link+=(-p:LinkerFlavor=lld -p:ObjCopyName=llvm-objcopy)
    fi ;;
program-win-x64 | library-win-x64)
    cc=x86_64-w64-mingw32-gcc
    link=(-p:NativeLinkerArgument="@$work/link/options.rsp" -p:CppLinker=lld-link -p:NativeDebugSymbols=false
        -p:IlcUseEnvironmentalTools=true -p:DisableUnsupportedError=true) ;;
program-*)
    publish src/Cli -o "$out"
    exit ;;
*)
    echo "native.sh: a $kind for $rid cannot be built: expected linux-x64 or linux-arm64, or a library for win-x64"
    exit 2 ;;
esac

wanted=${LUNGSEG_LEVELS:-}
[ "$kind-$rid" != static-linux-x64 ] || wanted=${wanted:-avx2}
[ -z "$wanted" ] || levels=$(awk -v wanted=" $wanted " 'index(wanted, " " $1 " ")' <<< "$levels")
[ -n "$levels" ] || { echo "native.sh: LUNGSEG_LEVELS is '$wanted': expected levels of $rid"; exit 2; }

if [ "$rid" = win-x64 ]; then
    tools/windows-link.sh "$work/link"
else
    tools/glibc-stubs.sh "$work/stubs" $glibc "$cc" "$libraries"
fi

# One level: compiles the code ahead into $work/NAME/.
level() {
    local name=$1 set=$2 lib=$3 project=src/Native
    [ "$kind" != program ] || project=src/Cli
    publish "$project" -o "$work/$name/published" -p:PublishAot=true -p:NativeLevel=true -p:NativeLib="$lib" -p:IlcInstructionSet="$set" \
        -p:NativeIntermediateOutputPath="$work/$name/" -p:NativeOutputPath="$work/$name/linked/" "${link[@]}"
    sdk=$(cat "$work/$name/libraries.txt")
}

if [ "$kind" = static ]; then
    read -r name _ set <<< "$levels"
    level "$name" "$set" Static
    # One object with the runtime's parts in it, of whose names none but the header's can be seen.
    ld -r -o "$work/all.o" "$work/$name/"*.o "$sdk/libbootstrapperdll.o" \
        --whole-archive "$sdk/libRuntime.WorkstationGC.a" --no-whole-archive --start-group \
        "$sdk"/lib{eventpipe-disabled,Runtime.VxsortDisabled,standalonegc-disabled,aotminipal,stdc++compat,z,brotlienc,brotlidec,brotlicommon}.a \
        "$sdk"/libSystem.{Native,IO.Compression.Native,Security.Cryptography.Native.OpenSsl}.a --end-group
    objcopy --strip-debug --wildcard --keep-global-symbol='lungseg_*' "$work/all.o" "$work/lungseg.o"
    rm -f "$out/liblungseg.a"
    ar rcs "$out/liblungseg.a" "$work/lungseg.o"
    cp include/lungseg.h "$out"
    exit
fi

files=()
: > "$work/levels.inc"
while read -r name needs set; do
    level "$name" "$set" Shared
    file=$(ls "$work/$name/linked/"*.{so,dll} 2> /dev/null || true)
    files+=("$file")
    echo "{ \"$name\", $needs, $(stat -c %s "$file") }," >> "$work/levels.inc"
done <<< "$levels"

if [ -n "$weights" ]; then
    cp "weights/$weights" "$work/weights.bin"
    cp weights/manifest.json "$work/manifest.json"
    outer=(-DBUILT_IN="\"$weights\"")
fi
outer+=(-std=gnu11 -O2 -Wall -Wextra -s -I"$work" -Wa,-I"$work")

if [ "$rid" = win-x64 ]; then
    if [ "$kind" = program ]; then
        made=$out/lungseg.exe
        outer+=(-municode src/Native/Outer/program.c)
    else
        made=$out/liblungseg.dll
        # Where no address is asked for, ld makes one of the output's path.
        outer+=(-shared src/Native/Outer/library.c -Wl,--output-def,"$work/exports.def",--image-base,0x180000000)
    fi
    $cc "${outer[@]}" src/Native/Outer/{choice,siblings,weights}.c -o "$made" -static-libgcc -Wl,--no-insert-timestamp
    if [ "$kind" = library ]; then
        llvm-dlltool -m i386:x86-64 -D liblungseg.dll -d "$work/exports.def" -l "$out/liblungseg.lib"
        cp include/lungseg.h "$out"
    fi
    while read -r name _; do cp "$work/$name/linked/"*.dll "${made%.*}-$name.dll"; done <<< "$levels"
    if grep -lF "$PWD" "$made" "${made%.*}-"*.dll; then echo "native.sh: these files have the path of this folder in them"; exit 1; fi
    stat -c '%n: %s bytes' "$made" "${made%.*}-"*.dll
    exit
fi

{ sha256sum "${files[@]}"; echo "quality ${LUNGSEG_NATIVE_QUALITY:=11}"; } > "$work/sums.new"
if ! cmp -s "$work/sums.new" "$work/sums"; then
    dotnet run tools/compress.cs -- "$work/levels.br" "${files[@]}"
    mv "$work/sums.new" "$work/sums"
fi

outer+=(-fPIC -fvisibility=hidden -Wl,-z,relro,-z,now,-z,noexecstack -L"$work/stubs" -Wl,--allow-shlib-undefined)
# What the levels need is named, so that ldd tells it.
needed=("$sdk/libbrotlidec.a" "$sdk/libbrotlicommon.a" -Wl,--no-as-needed -lpthread -ldl -lm)
if [ "$kind" = program ]; then
    $cc "${outer[@]}" -pie src/Native/Outer/{program,choice,levels,weights}.c -o "$out/lungseg" "${needed[@]}"
    made=$out/lungseg
else
    $cc "${outer[@]}" -shared src/Native/Outer/{library,choice,levels,weights}.c -o "$out/liblungseg.so" "${needed[@]}" \
        -Wl,-soname,liblungseg.so,-z,nodelete,--exclude-libs,ALL
    cp include/lungseg.h "$out"
    made=$out/liblungseg.so
fi

# The same commit gives the same bytes in every folder.
if grep -lF "$PWD" "$made" "${files[@]}"; then echo "native.sh: these files have the path of this folder in them"; exit 1; fi

# The newest version of the C library that any part asks for.
asked=$(for file in "$made" "${files[@]}"; do objdump -T "$file"; done | grep -o 'GLIBC_[0-9.]*[0-9]' | sort -Vu | tail -n 1)
echo "$made: $(stat -c %s "$made") bytes, needs $asked"
[ "$(printf '%s\n' "$asked" "GLIBC_$glibc" | sort -V | tail -n 1)" = "GLIBC_$glibc" ]

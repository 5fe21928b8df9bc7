#!/usr/bin/env bash
# Native builds: native.sh program|library|static RID OUT [--without-weights].
#   program  OUT/lungseg: one file with the default network inside. linux-x64 and linux-arm64 are compiled ahead; elsewhere .NET is inside
#            (self-contained, trimmed), with the folder of weights beside it.
#   library  OUT/liblungseg.so for include/lungseg.h, with the default network inside.
#   static   OUT/liblungseg.a for one level of the processor (LUNGSEG_LEVEL: avx512, avx2 or vector128; avx2 if not set), without weights.
# LUNGSEG_NATIVE_QUALITY=5 compresses in seconds instead of minutes, for tests; what is released has 11, the default.
# Needs clang or gcc and binutils; linux-arm64 on x64 also clang, lld, llvm, libc6-dev-arm64-cross and
# libgcc-12-dev-arm64-cross. No symbol is newer than GLIBC_2.28.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[ $# -ge 3 ] || { sed -n '2,9p' "$0"; exit 2; }
kind=$1 rid=$2 weights=pan.safetensors glibc=2.28
[ "${4:-}" != --without-weights ] || weights=
mkdir -p "$3"
out=$(cd "$3" && pwd)
work=$PWD/artifacts/native/$kind-$rid
mkdir -p "$work"

# Analyzers are for those who change the code.
publish() { dotnet publish "$1" -c Release -r "$rid" -v q -p:RunAnalyzers=false "${@:2}"; }

# The levels, the widest first: name, what Outer/levels.c calls the processors that have it, what the compiler calls it.
case $rid in
linux-x64) levels="avx512 NEEDS_V4 x86-64-v4
avx2 NEEDS_V3 x86-64-v3
vector128 NEEDS_NOTHING x86-64-v2" cc=${CC:-cc} libraries=/lib/x86_64-linux-gnu ;;
linux-arm64) levels="vector128 NEEDS_NOTHING armv8-a" cc=${CC:-clang --target=aarch64-linux-gnu -fuse-ld=lld} libraries=/usr/aarch64-linux-gnu/lib
    [ "$(uname -m)" != aarch64 ] || cc=${CC:-cc} libraries=/lib/aarch64-linux-gnu ;;
*)
    [ "$kind" = program ] || { echo "native.sh: a $kind for $rid cannot be built here: linux-x64 or linux-arm64 expected"; exit 2; }
    publish src/Cli -o "$out"
    exit ;;
esac

tools/glibc-stubs.sh "$work/stubs" $glibc "$cc" "$libraries"

# One level: compiles the code ahead into $work/NAME/.
level() {
    local name=$1 set=$2 lib=$3 project=src/Native
    [ "$kind" != program ] || project=src/Cli
    publish "$project" -o "$work/$name/published" -p:PublishAot=true -p:NativeLevel=true -p:NativeLib="$lib" -p:IlcInstructionSet="$set" \
        -p:NativeIntermediateOutputPath="$work/$name/" -p:NativeOutputPath="$work/$name/linked/" -p:NativeLinkerArgument="-L$work/stubs" \
        $([ "$rid" != linux-arm64 ] || [ "$(uname -m)" = aarch64 ] || echo -p:LinkerFlavor=lld -p:ObjCopyName=llvm-objcopy)
    sdk=$(cat "$work/$name/libraries.txt")
}

if [ "$kind" = static ]; then
    name=${LUNGSEG_LEVEL:-avx2}
    level "$name" "$(awk -v name="$name" '$1 == name { print $3 }' <<< "$levels")" Static
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
    file=$(ls "$work/$name/linked/"*.so)
    files+=("$file")
    echo "{ \"$name\", $needs, $(stat -c %s "$file") }," >> "$work/levels.inc"
done <<< "$levels"
{ sha256sum "${files[@]}"; echo "quality ${LUNGSEG_NATIVE_QUALITY:=11}"; } > "$work/sums.new"
if ! cmp -s "$work/sums.new" "$work/sums"; then
    dotnet run tools/compress.cs -- "$work/levels.br" "${files[@]}"
    mv "$work/sums.new" "$work/sums"
fi

outer=(-std=gnu11 -O2 -Wall -Wextra -fPIC -fvisibility=hidden -I"$work" -Wa,-I"$work" -s -Wl,-z,relro,-z,now,-z,noexecstack -L"$work/stubs" -Wl,--allow-shlib-undefined)
if [ -n "$weights" ]; then
    cp "weights/$weights" "$work/weights.bin"
    cp weights/manifest.json "$work/manifest.json"
    outer+=(-DBUILT_IN="\"$weights\"")
fi
# What the levels need is named, so that ldd tells it.
needed=("$sdk/libbrotlidec.a" "$sdk/libbrotlicommon.a" -Wl,--no-as-needed -lpthread -ldl -lm)
if [ "$kind" = program ]; then
    $cc "${outer[@]}" -pie src/Native/Outer/{program,levels}.c -o "$out/lungseg" "${needed[@]}"
    made=$out/lungseg
else
    $cc "${outer[@]}" -shared src/Native/Outer/{library,levels}.c -o "$out/liblungseg.so" "${needed[@]}" -Wl,-soname,liblungseg.so,-z,nodelete,--exclude-libs,ALL
    cp include/lungseg.h "$out"
    made=$out/liblungseg.so
fi

# The same commit gives the same bytes in every folder.
if grep -lF "$PWD" "$made" "${files[@]}"; then echo "native.sh: these files have the path of this folder in them"; exit 1; fi

# The newest version of the C library that any part asks for.
asked=$(for file in "$made" "${files[@]}"; do objdump -T "$file"; done | grep -o 'GLIBC_[0-9.]*[0-9]' | sort -Vu | tail -n 1)
echo "$made: $(stat -c %s "$made") bytes, needs $asked"
[ "$(printf '%s\n' "$asked" "GLIBC_$glibc" | sort -V | tail -n 1)" = "GLIBC_$glibc" ]

#!/usr/bin/env bash
# Debian has musl, but neither libgcc_s nor libstdc++ for it, which .NET's programs need: libraries.sh PROGRAM OUT makes both, as far
# as PROGRAM needs them, of GCC's static ones. For tests alone: where musl is the system's library, these are there. Needs gcc,
# binutils and musl.
set -euo pipefail
program=$1
out=$(realpath -m "$2")
cd "$(dirname "$0")"
mkdir -p "$out"
build() {
    gcc -shared -fPIC -O2 -Wall -Wextra -nostdlib -o "$out/$1" "-Wl,-soname,$1" glibc.c "${@:2}" -lgcc -L/lib/x86_64-linux-musl -l:libc.so
}

# In the static library the unwinder's functions are hidden: each is renamed, and an entry that jumps to it has its name.
cp "$(gcc -print-file-name=libgcc_eh.a)" "$out/unwinder.a"
nm -g --defined-only "$out/unwinder.a" 2> /dev/null |
    awk '$2 == "T" && $3 ~ /^(_Unwind_|__gcc_|__(de)?register)/ { print $3 }' | sort -u > "$out/entries"
sed 's/.*/& hidden&/' "$out/entries" > "$out/renamed"
objcopy --redefine-syms="$out/renamed" "$out/unwinder.a"
{
    echo '.text'
    sed 's/.*/.globl &\n.type &,@function\n&: jmp hidden&/' "$out/entries"
    echo '.section .note.GNU-stack,"",@progbits'
} > "$out/entries.s"
build libgcc_s.so.1 "$out/entries.s" "$out/unwinder.a"

mapfile -t needed < <(nm -D --undefined-only "$program" | awk '$2 ~ /^(_Z|__cxa|__gxx)/ && $2 !~ /^_ZTH/ { print "-Wl,-u," $2 }')
build libstdc++.so.6 "${needed[@]}" "$(gcc -print-file-name=libstdc++.a)" -L"$out" -l:libgcc_s.so.1

#!/usr/bin/env bash
# Makes libraries to link against, so that a program built on a new system starts on an old one: glibc-stubs.sh OUT NEWEST CC LIBDIR.
# A linker binds each function to the newest version that the machine's C library has. These stand in for it (-LOUT) and offer of each
# function the newest version that is no newer than NEWEST, such as 2.28, or nothing. Functions that moved into libc.so.6 in 2.34 are in
# libpthread.so and libdl.so, where old systems have them, and where new ones still find them for old programs.
set -euo pipefail
out=$1 newest=$2 cc=$3 libraries=$4
mkdir -p "$out"

# Name, version, size of an object (0 for a function), and whether the default version is another one.
versions() {
    objdump -T "$libraries/$1" | awk -v newest="$newest" '
        function number(version, parts) { split(version, parts, "."); return parts[1] * 1e6 + parts[2] * 1e3 + parts[3] }
        !/\*UND\*/ && match($0, /[0-9a-f]+ +\(?GLIBC_[0-9.]+\)? +[A-Za-z_0-9]+$/) {
            split(substr($0, RSTART), field, " +"); name = field[3]; version = field[2]
            hidden = gsub(/[()]/, "", version); sub(/^GLIBC_/, "", version)
            if (!hidden) default_[name] = version
            if (number(version) <= number(newest) && number(version) > number(best[name])) {
                best[name] = version
                size[name] = / D?O / || / DO / ? field[1] : "0"
            }
        }
        END { for (name in best) if (name in default_) print name, best[name], "0x" size[name], default_[name] != best[name] }' | sort
}

stub() {
    local file=$1 soname=$2 list="$out/$1.list"
    cat > "$list"
    awk '{ print $3 == "0x0" ? ".text\n.type " $1 ", %function" : ".bss\n.balign 32\n.type " $1 ", %object\n.size " $1 ", " $3
           print ".globl " $1 "\n" $1 ": .space " ($3 == "0x0" ? 1 : $3) }' "$list" > "$out/$file.s"
    awk '{ names[$2] = names[$2] " " $1 ";" } END { for (v in names) print "GLIBC_" v " { global:" names[v] " };" }' "$list" | sort > "$out/$file.map"
    $cc -shared -nostdlib -Wl,-soname,"$soname" -Wl,--version-script="$out/$file.map" -o "$out/$file" "$out/$file.s"
}

versions libm.so.6 | stub libm.so libm.so.6
versions libc.so.6 > "$out/libc"
moved='^(pthread_|sem_|dl)[^ ]* [^ ]+ [^ ]+ 1$'
grep -E "$moved" "$out/libc" | grep -E '^(pthread_|sem_)' | stub libpthread.so libpthread.so.0
grep -E "$moved" "$out/libc" | grep -E '^dl' | stub libdl.so libdl.so.2
grep -Ev "$moved" "$out/libc" | stub libc-functions.so libc.so.6
loader=$(echo "$libraries"/ld-linux-*.so.*)
echo "INPUT(libc-functions.so $($cc -print-file-name=libc_nonshared.a) AS_NEEDED($loader))" > "$out/libc.so"

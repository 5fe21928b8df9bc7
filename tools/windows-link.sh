#!/usr/bin/env bash
# What lld-link needs to link .NET's ahead-of-time code for Windows without Microsoft's libraries: windows-link.sh OUT. OUT gets import
# libraries under Microsoft's names, the parts of vcruntime that the runtime asks for, and the options, in OUT/options.rsp.
# Needs clang, llvm and MinGW-w64 (Debian: gcc-mingw-w64-x86-64-win32).
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
out=$(cd "$1" && pwd)
mingw=$(dirname "$(x86_64-w64-mingw32-gcc -print-file-name=libkernel32.a)")

for library in advapi32 bcrypt crypt32 iphlpapi kernel32 mswsock ncrypt normaliz ntdll ole32 oleaut32 secur32 user32 version ws2_32 ucrt; do
    cp "$mingw/lib$library.a" "$out/$library.lib"
done

# import DLL FUNCTION...: MinGW-w64 has these functions in a library of its own; here they are Windows'.
import() {
    { echo "LIBRARY $1.dll"; echo EXPORTS; printf '%s\n' "${@:2}"; } > "$out/$1.def"
    llvm-dlltool -m i386:x86-64 -d "$out/$1.def" -l "$out/$1.lib"
}
functions=(acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh exp floor fma fmod log log10 log2 modf pow sin sinh sqrt tan tanh)
import api-ms-win-crt-math-l1-1-0 "${functions[@]}" "${functions[@]/%/f}"
import api-ms-win-crt-string-l1-1-0 strnlen

clang --target=x86_64-pc-windows-msvc -std=gnu11 -O2 -ffreestanding -Wall -Wextra -c src/Native/Windows/vcruntime.c -o "$out/vcruntime.obj"
cat > "$out/options.rsp" <<END
"/LIBPATH:$out" /NODEFAULTLIB /INCLUDE:_tls_used /BREPRO
ucrt.lib api-ms-win-crt-math-l1-1-0.lib api-ms-win-crt-string-l1-1-0.lib "$out/vcruntime.obj"
END

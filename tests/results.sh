#!/usr/bin/env bash
# Results of tests as a table with tabs: outcome (Pass, Fail, Skip), assembly, class, method, full name, reason of a skip.
#   results.sh read REPORT...     prints the table of xunit's XML reports
#   results.sh merge TABLE LATER  prints TABLE with what LATER says of the tests that are in it, and the others of LATER
#   results.sh summary TABLE      prints the skipped tests with their reasons, the failed ones, and "N passed, N failed"
set -uo pipefail

case "${1:-}" in
read)
    shift
    awk '
        function attribute(name,    at, rest) {
            at = index($0, " " name "=\"")
            if (!at) return ""
            rest = substr($0, at + length(name) + 3)
            return substr(rest, 1, index(rest, "\"") - 1)
        }
        BEGIN { RS = "<"; OFS = "\t" }
        function flush() { if (open) print outcome, assembly, class, method, name, reason; open = 0 }
        { gsub(/[\t\r\n]+/, " ") }
        /^assembly / { assembly = attribute("name") }
        /^test / {
            outcome = attribute("result"); class = attribute("type"); method = attribute("method"); name = attribute("name")
            reason = ""; open = 1
            gsub(/\\?&quot;/, "\"", name)
            if ($0 ~ /\/>[ ]*$/) flush()
        }
        /^reason>/ { inside = 1; sub(/^reason>/, ""); reason = $0 }
        inside && /^!\[CDATA\[/ { reason = substr($0, 9); sub(/\]\]> *$/, "", reason); inside = 0 }
        /^\/reason>/ { inside = 0 }
        /^\/test>/ { flush() }
    ' "$@"
    ;;
merge)
    awk -F '\t' '
        { key = $2 "\t" $3 "\t" $4 "\t" $5 }
        !(key in row) { order[++n] = key }
        { row[key] = $0 }
        END { for (i = 1; i <= n; i++) print row[order[i]] }
    ' "$2" "$3"
    ;;
summary)
    awk -F '\t' '
        $1 == "Pass" { passed++ }
        $1 == "Fail" { failed++; print "FAILED  " $5 }
        $1 == "Skip" { skipped++; reasons[$6]++; tests[$6] = tests[$6] "\n            " $5 }
        END {
            if (skipped) print skipped " skipped:"
            for (reason in reasons) print "    " reasons[reason] " because " reason tests[reason]
            printf "%d passed, %d failed\n", passed, failed
            exit failed > 0 || passed == 0
        }
    ' "$2"
    ;;
*)
    sed -n '2,5p' "$0"
    exit 2
    ;;
esac

#!/usr/bin/env python3
"""Turns the program's own description (lungseg '[document]') into a manual page: man.py VERSION < DOCUMENT > lungseg.1"""
import os
import re
import sys
import time


def text(line: str) -> str:
    """Words of a line: code in bold, links as their words."""
    line = line.replace("\\", "\\e").replace("-", "\\-")
    line = re.sub(r"\[(`?)([^]]*?)\1\]\([^)]*\)", r"\2", line)
    line = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", line)
    return "\\&" + line if line[:1] in ".'" else line


date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
print(f'.TH LUNGSEG 1 {date} "LungSeg {sys.argv[1]}" "User Commands"')
print(".SH NAME\nlungseg \\- finds the lungs in frontal chest X\\-rays\n.SH SYNOPSIS\n.B lungseg\n.I command\n[options]\n.SH DESCRIPTION")
print("For research use only, not a medical device.\nThe commands follow, then environment variables and exit codes.")
code = False
for line in sys.stdin.read().split("\n")[1:]:
    if line.startswith("```"):
        code = not code
        print(".PP\n.nf" if code else ".fi")
    elif code:
        print(text(line))
    elif heading := re.match(r"## (.*)", line):
        print(f".SH {text(heading[1]).upper()}")
    elif item := re.match(r"- (`[^:]*|[^`:]*): (.*)", line):
        print(f".TP\n{text(item[1])}\n{text(item[2])}")
    elif line.startswith("- "):
        print(f".TP\n{text(line[2:])}")
    elif line:
        print(f".PP\n{text(line)}")

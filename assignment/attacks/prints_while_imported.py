# expect: passed_harmless
# about: prints markup and escapes while it is imported
# task: rmsnorm
# place: top
print("<script>alert('{MARKER}')</script>\x1b[2J\x1b]0;{MARKER}\x07")

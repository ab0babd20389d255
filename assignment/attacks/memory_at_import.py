# expect: memory
# about: a terabyte while it is imported
# task: rmsnorm
# place: top
hoard = bytearray(2**40)

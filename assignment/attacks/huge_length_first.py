# expect: no_points
# about: writes numbers to its pipes that a reader could take for the length of a message of exabytes
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import struct

    for descriptor in range(3, 256):
        for data in (b"\xff" * 8, struct.pack(">I", 2**31), struct.pack("<Q", 2**60), b"-1\n"):
            try:
                os.write(descriptor, data)
            except OSError:
                break
    os._exit(0)

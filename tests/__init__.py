import os

# Of NumPy's products, before it is loaded: its threads and torch's wait for one another by
# spinning, and beside the other workers' that takes ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

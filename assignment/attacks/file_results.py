# expect: ignored
# about: brings its own results
# task: rmsnorm
# place: file:results.json
results = {"score": 100.0, "tests": []}

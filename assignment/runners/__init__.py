"""Feed the inputs of a case to a learner's functions: one module for each of the learner's files.

Each task is fed alone. Where its function calls on others (a layer on its attention, a classifier
on its model), these have stand-ins that nobody has to write first, so that one mistake costs one
task. `stack.py` and `end_to_end.py` put all parts together, `real_weights.py` on a model that knows
English.
"""

# expect: ignored
# about: tasks of its own, with points of its own
# task: rmsnorm
# place: file:assignment/tasks.toml
# [rmsnorm]
points = 1000

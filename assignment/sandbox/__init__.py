"""Where untrusted code runs, and what becomes of it; the code of others is never imported here.

`intake` takes a submission, whose `members` it reads from `archives` and folders and whose
`sources` it looks at; `judge` runs its tasks and compares what comes. A `process` runs a
`worker` in the best of three `tiers`: `bubblewrap` (namespaces of its own: no other process, no
network, a read-only view of few folders), separate `users` (as root, each worker's children run as
one that owns nothing), plain. In each of them the child that runs the code also gives up what
`confine` names. What it says comes over the `wire` and is read as `replies`.
"""

"""The course as it is taught elsewhere: `grade --edition original`.

Its learners write four files, whose functions have other signatures than ours, in a tree that is
given to them in another version. `tasks.toml` says what they write, `given/` is that tree, as far
as the four files rely on it, and `runners/` feeds their functions in the sandbox. `cases.py` draws
what they are fed, in part from our own cases; `edition.py` puts it all together.
"""

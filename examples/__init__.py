"""A script for each of the three users: learner, teacher, tinkerer."""

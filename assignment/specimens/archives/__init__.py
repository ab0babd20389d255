"""Zips that `intake` meets: hostile ones, which it has to refuse, and odd ones, to be graded."""

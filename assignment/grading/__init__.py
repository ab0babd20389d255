"""A teacher's: handout and stubs, oracle and hidden cases, a class, its pages, Gradescope."""

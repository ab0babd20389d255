"""The course as pages: text, code and pictures, executed; `python -m notebooks` makes them."""

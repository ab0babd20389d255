"""What every room leans on and no lesson is about: files written whole, errors told in one line."""

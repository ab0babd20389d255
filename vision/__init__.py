"""A transformer that sees: an encoder for pictures, trained from scratch."""

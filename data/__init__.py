"""What the modes read by default, and the way it gets here: `external.toml` says from where."""

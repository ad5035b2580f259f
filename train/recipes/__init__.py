"""Training recipes: TOML files for `python -m train fit --config`."""

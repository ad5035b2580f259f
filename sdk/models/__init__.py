"""Model files that come along with the package."""

"""The registry on disk, and what is kept beside it."""

"""Files that are kept: written whole, flushed, locked and checked."""

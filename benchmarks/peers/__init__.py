"""Other programs of the field, run side by side: the same persons and frequencies, agreement first, then time."""

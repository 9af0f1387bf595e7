"""The door: patients in, ranked donors out."""

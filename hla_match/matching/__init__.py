"""Search: a patient against a registry, from criteria to a ranked match list. `Matcher` is the door."""

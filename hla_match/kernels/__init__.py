"""Compiled rules over arrays of codes: numbers in, numbers out. `DESIGN.md` beside this file says why they look so."""

"""Results for people: the terminal's table and the notebook's HTML."""

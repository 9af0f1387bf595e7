"""Attacks on the commands: what they promise is tried, again and again, from a seed.

An *attack* (`attack.py`) is a kind of harm and the number of its trials; every trial can be run again by its number.
Trials take place on a *scene* (`scene.py`): *states* of a folder, made by commands that nothing disturbed, and copies
of them to harm. Commands are run as they are, each in a process of its own, which is forked from a worker that has
everything imported (`worker.py`, `children.py`): a hundred milliseconds a command, so that thousands fit into minutes.

    inputs -> states -> a copy -> a deed, disturbed -> later commands -> old state or new, byte by byte?

`faults.py` disturbs a command at any of its steps; `deeds.py` lists the commands that write.

| attack | what befalls |
|---|---|
| `kills.py` | SIGKILL, SIGINT, SIGTERM and SIGHUP at every step of every command that writes |
| `full_disk.py` | too little room on a small file system, no room from a step on, a limit of sizes, a read-only disk |
| `damage.py` | files of registries, imputed donors, installed sets and parts of batches, damaged |
| `flips.py` | one byte of a registry, of each file in turn |
| `races.py` | two writers at once, some of them stopped at the worst moment |
| `readers.py` | readers while a registry is replaced again and again |
| `living_readers.py` | eight readers while single donors change again and again |
| `mutations.py` | mutated input files and texts |
| `bombs.py`, `bomb_files.py`, `bomb_workbooks.py`, `bomb_runs.py` | small files that ask for much |
"""

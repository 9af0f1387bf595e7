"""Two checkouts of the program, compared byte by byte and by processor time.

A change of the structure promises the same results. ``python -m benchmarks.checkouts BASE CANDIDATE`` runs the same
steps with the code of both checkouts, each in a folder and with a data folder of its own, and compares what they leave:

    persons, bad files -> a folder, BASE on PYTHONPATH      -> exit code, output, messages, files
                       -> a folder, CANDIDATE on PYTHONPATH -> the same?

| module | what |
|---|---|
| `steps.py` | the table of steps: command lines that do everything the program can do |
| `corner_persons.py` | persons with every kind of typing, and frequencies for them |
| `bad_inputs.py` | command lines that end in an error, with their files |
| `course.py` | runs the steps of one checkout and records what each leaves |
| `lists_worker.py` | searches through the public names of Python: lists, reasons, notices, pages |
| `comparison.py` | two records side by side |
| `times.py`, `times_worker.py` | processor time of both checkouts, by turns |
"""

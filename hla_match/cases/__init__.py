"""The rules of a patient's case: which step may follow on which, when a reservation ends, and codes that name nobody.

A case is a patient's request and what is done about it. Its steps are of the case (it is opened, searched, closed) or
of one donor in it::

    ask -> typing -> check -> reserve -> collect        a donor who is asked may decline until the collection,
     ^        (passed or failed)  |                     and may be asked again
     +------- decline <-----------+

What a donor is now follows from the steps and the day: nothing is written when a reservation ends, it has ended from
the day after its last one on. What leaves the office names patient and donor by codes (`blind_codes`): a donor has
another code in every case.
"""

"""The registry on disk, and what is kept beside it. `FORMAT.md` describes the files.

    donor_import -> registry_builder -> snapshot_writer -> registry_versions
    reads a file    donors in parts     files, manifest,   which snapshot is valid; rollback, clean-up
                                        name

    journal                 the record: every version of every donor
    record_state            makes the snapshot of the record's latest transaction the valid one
    donor_changes, donor_records    one donor changed; what the record tells
    snapshot_store          opens a snapshot: checksums, soundness of every array, then mapped into memory
    registry_store          opens the valid snapshot
    past_registry           the registry as it was at a transaction
    imputation_store        what donors may carry under a set of frequencies, computed once
    nomenclature_store, frequency_store     what is installed in the user's data folder
    worker_registry         what travels to a worker instead of donors

A snapshot is never changed. An import writes a new one, and the valid one is switched when the new one is complete.
"""

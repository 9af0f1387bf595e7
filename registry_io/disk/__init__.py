"""Files that are kept: written whole, flushed, locked and checked.

    durable_files     one file: written aside, flushed, renamed
    joint_files       several files: all of them are new, or none is
    aside_folder      a folder that gets its name when it is complete
    writer_lock       one writer at a time
    checked_files     bytes compared with the checksums of a manifest
    array_file, array_bounds     arrays mapped into memory, and the bounds of their numbers

A reader sees the old file or the new one, never half of one, whenever a writer ends.
"""

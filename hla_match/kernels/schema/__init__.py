"""Every array that kernels, files and rooms share, declared once.

An array is a field of a named tuple, and its annotation is the declaration: dtype, dimensions, one sentence, and the
value that stands for none where there is one.

    class AlleleIndex(NamedTuple):
        panel_words: Annotated[Int64, Array("panels", "words of a set of the panel's haplotypes", missing=0)]

    declaration --+-- the argument of kernels ------ a kernel takes the named tuple and reads its fields
                  +-- `kernels.signatures` --------- the types that kernels are compiled for in advance
                  +-- the checks of files on disk -- dtype, dimensions, offsets
                  +-- the tables of FORMAT.md

A field is unpacked once, at the top of a loop. Working arrays of a kernel are declared in the same way, in the module
of the kernel. Nothing here needs Numba.
"""

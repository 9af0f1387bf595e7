"""The use cases: what a user does with files, registries and frequencies, without a command line.

    import of donors ......... `registry_io.import_donors`, which needs nothing of this room
    search ................... one patient in, a `MatchList` out
    batch .................... a file of patients in; results, statuses and a manifest out
    impute ................... a file of persons in; diplotypes, genotypes and statuses out
    estimate ................. a registry in; haplotype frequencies and a report out

Every use case is a function of paths, objects and keyword options. It prints nothing, asks nothing and ends no process:

    arguments -->  use case  --> a typed report, or an `HlaMatchError`
                     |   |
                     |   +-----> on_progress(done, total), again and again
                     +---------> on_notice(notice), as soon as there is one; the report holds all of them

`hla_match.cli` translates options into arguments, notices into lines and errors into exit codes, and nothing else.
The room stands above the search and may see `registry_io`: here files and meaning meet.
"""

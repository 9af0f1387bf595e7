"""The coordinator's desk: pages in a browser on the same machine, on which a search is a form and a list.

    browser --> guard ------> routes -----------> pages (templates, `hla_match.language`)
                token, host,  forms, filters,       |
                origin, size  jobs                  v
                                |                 HTML, and parts of it for htmx
                                v
                  searched registries: one `Matcher` for all tabs, opened again where the registry has a newer version
                                |
                                v
                  searches, each kept under an identifier that nobody can guess, the oldest forgotten

The room is a composition root beside `cli`: it translates requests as that translates arguments, and has no rule of the
field. It listens to this machine alone, answers those alone who know the token of the printed address, and sends
nothing anywhere. Pages work without scripts; with htmx, which lies beside them, parts of them are exchanged. Addresses
of pages name no donor and no typing, so that the history of the browser does not either.
"""

"""The table of cases. Checks and times are driven by it, and so are the report and what a run says of targets."""

from __future__ import annotations

from functools import partial

from benchmarks import commands, floors, memory, pairs, preparations, searches
from benchmarks.case import Case, Target
from benchmarks.peers import ard, graph_imputation, graph_match
from benchmarks.places import shared

TEN_MILLION, FORTY_MILLION = "10000000", "40000000"
FLOOR = "streaming sum, one thread"
SEARCH = "search"
SEARCH_P = "search with P"

_BESIDE_GRAPH_MATCH = (
    Target("times as fast as shipped", at_least=50.0, unit=""),
    Target("times as fast as its complete answer", at_least=500.0, unit=""),
    Target("part of its memory", at_most=0.1, unit=""),
)

CASES: tuple[Case, ...] = (
    Case(
        name=FLOOR,
        proves="The least that one pass over the typing columns in scope costs.",
        setup=partial(floors.Stream, workers=1),
        check=floors.check_stream,
        run=floors.run_stream,
    ),
    Case(
        name="streaming sum, all threads",
        proves="The same with as many threads as the searches use.",
        setup=lambda place: floors.Stream(place, place.settings.workers),
        check=floors.check_stream,
        run=floors.run_stream,
    ),
    Case(
        name="memcpy",
        proves="What copying the same bytes costs.",
        setup=floors.Copy,
        check=floors.check_copy,
        run=floors.run_copy,
    ),
    Case(
        name="NumPy search",
        proves="What finding the donors costs in plain NumPy.",
        setup=floors.PlainSearches,
        check=floors.check_plain,
        run=floors.run_plain,
        beside=FLOOR,
    ),
    Case(
        name="import",
        proves="A donor file becomes a registry on disk.",
        setup=preparations.Import,
        check=preparations.check_import,
        run=preparations.run_import,
    ),
    Case(
        name="build",
        proves="A registry of millions is streamed to disk in bounded memory.",
        setup=lambda place: place,
        check=preparations.check_build,
        run=preparations.run_build,
        places="sizes",
        targets=(Target("peak memory", at_most=12e9, place=FORTY_MILLION, unit="bytes"),),
    ),
    Case(
        name="open",
        proves="A registry opens in the same time whatever its size.",
        setup=lambda place: place,
        check=preparations.check_open,
        run=preparations.run_open,
        targets=(Target("median", at_most=1.0, place=TEN_MILLION),),
    ),
    Case(
        name="typings",
        proves="The typings of a donor take few bytes.",
        setup=lambda place: place,
        check=memory.check_typings,
        run=memory.run_typings,
        targets=(Target("median", at_most=64.0, unit="bytes"),),
    ),
    Case(
        name=SEARCH,
        proves="10/10 with up to 2 mismatches, ranked, the best 100.",
        setup=searches.counting,
        check=searches.check_counts,
        run=searches.run_searches,
        beside=FLOOR,
        targets=(
            Target("median", at_most=1.0, place=TEN_MILLION, beside=(FLOOR, "median")),
            Target("median", at_most=30.0, place=TEN_MILLION, grown_from="103000"),
            Target("median", at_most=0.5, place=FORTY_MILLION),
        ),
    ),
    Case(
        name="search for barely typed",
        proves="The same for patients typed at A, B and DRB1 by the first field only.",
        setup=searches.counting_barely_typed,
        check=searches.check_counts,
        run=searches.run_searches,
        beside=FLOOR,
        targets=(Target("median", at_most=3.0, place=TEN_MILLION, beside=(FLOOR, "median")),),
    ),
    Case(
        name="batch of 100",
        proves="The lists of all patients, to a Parquet file.",
        setup=searches.counting_batch,
        check=searches.check_batch,
        run=searches.run_batch,
    ),
    Case(
        name="imputation",
        proves="What every donor may carry, at the first search with a set of frequencies.",
        setup=preparations.Imputing,
        check=preparations.check_imputation,
        run=preparations.run_imputation,
        predicts=True,
    ),
    Case(
        name=SEARCH_P,
        proves="10/10 with up to 2 mismatches and probabilities, ranked by them, the best 100.",
        setup=searches.predicting,
        check=searches.check_probabilities,
        run=searches.run_searches,
        predicts=True,
        beside=FLOOR,
        targets=(
            Target("median", at_most=0.005),
            Target("p99", at_most=0.05),
            Target("median", at_most=0.5, place=TEN_MILLION),
            Target("median", at_most=5.0, place=FORTY_MILLION),
        ),
    ),
    Case(
        name="batch of 100 with P",
        proves="The lists of all patients with probabilities, to a Parquet file.",
        setup=searches.predicting_batch,
        check=searches.check_batch,
        run=searches.run_batch,
        predicts=True,
    ),
    Case(
        name="memory of a search",
        proves="A process that opens the registry and searches it, libraries included.",
        setup=memory.counting_process,
        check=memory.check_process,
        run=memory.run_process,
    ),
    Case(
        name="memory of a search with P",
        proves="The same with probabilities.",
        setup=memory.predicting_process,
        check=memory.check_process,
        run=memory.run_process,
        predicts=True,
        targets=(
            Target("median", at_most=700e6, unit="bytes"),
            Target("median", at_most=10e9, place=TEN_MILLION, unit="bytes"),
        ),
    ),
    Case(
        name="start of a search with P",
        proves="``hla-match search`` from the command line: the first run, later ones, and a process that has lived.",
        setup=commands.starts,
        check=commands.check_starts,
        run=commands.run_starts,
        places="shared",
        predicts=True,
        targets=(Target("median", at_most=1.5), Target("first run", at_most=15.0)),
    ),
    Case(
        name="night run",
        proves="``hla-match batch`` for 1,000 patients with probabilities, from command start to the Parquet file.",
        setup=commands.night_run,
        check=commands.check_night_run,
        run=commands.run_night_run,
        places="shared",
        predicts=True,
        targets=(Target("median", at_most=10.0), Target("pairs a second", at_least=10e6, unit="1/s")),
    ),
    Case(
        name="night run on Dask",
        proves="The same on a local cluster of as many workers as there are threads.",
        setup=commands.night_run,
        check=commands.check_on_dask,
        run=commands.run_on_dask,
        places="shared",
        predicts=True,
    ),
    Case(
        name="all pairs",
        proves="P(0..4) of all pairs of 1,000 simulated patients and 10,000 ambiguous donors, imputed beforehand.",
        setup=lambda place: pairs.Pairs(shared(place)),
        check=pairs.check,
        run=pairs.run,
        places="shared",
        predicts=True,
        targets=(Target("median", at_most=1.5),),
    ),
    Case(
        name="reduction to P groups",
        proves="All typings of all donors, as they were reported.",
        setup=preparations.Reduction,
        check=preparations.check_reduction,
        run=preparations.run_reduction,
        places="shared",
    ),
    Case(
        name="py-ard",
        proves="The same typings reduced by py-ard and here.",
        setup=lambda place: ard.Reductions(shared(place)),
        check=ard.check,
        run=ard.run,
        places="shared",
        targets=(Target("times as fast", at_least=100.0, unit=""),),
    ),
    Case(
        name="py-graph-match",
        proves="The same donors and patients searched by py-graph-match (GRMA) and here.",
        setup=lambda place: graph_match.Searches(shared(place), n_haplotypes=3380, n_patients=100),
        check=graph_match.check,
        run=graph_match.run,
        places="shared",
        predicts=True,
        targets=_BESIDE_GRAPH_MATCH,
    ),
    Case(
        name="py-graph-match, diverse",
        proves="The same with donors and patients from all haplotypes of the set.",
        setup=lambda place: graph_match.Searches(shared(place), n_haplotypes=30_000, n_patients=20),
        check=graph_match.check,
        run=graph_match.run,
        places="shared",
        predicts=True,
        targets=_BESIDE_GRAPH_MATCH,
    ),
    Case(
        name="py-graph-imputation",
        proves="The same donors imputed by py-graph-imputation (GRIM) and here.",
        setup=lambda place: graph_imputation.imputations(shared(place)),
        check=graph_imputation.check,
        run=graph_imputation.run,
        places="shared",
        predicts=True,
        targets=(
            Target(f"times as fast a donor, {graph_imputation.SHARED_DONORS}", at_least=1000.0, unit=""),
            Target("times as fast a donor, all decades", at_least=1000.0, unit=""),
        ),
    ),
)

"""Work of several tabs: told of, cancelled, bounded; and what the desk keeps does not grow."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hla_match.desk.jobs import Job, Jobs, JobState
from hla_match.desk.kept import Kept
from hla_match.desk.state import MOST_LISTS
from hla_match.errors import CriteriaError
from hla_match.language import language, speaking
from tests.unit.desk.conftest import ORIGIN, PATIENT


def begun(jobs: Jobs, work, back: str = "/") -> tuple[str, Job]:
    started = jobs.start(work, back)
    assert started is not None
    return started


def test_a_job_speaks_the_language_of_who_asked() -> None:
    jobs = Jobs(1, lambda error: None)
    with speaking("zh"):
        key, job = begun(jobs, lambda job: language())
    assert job.wait(10)
    assert (job.state, job.goal, jobs.get(key)) == (JobState.DONE, "zh", job)


def test_a_cancelled_job_ends_where_it_tells_of_itself() -> None:
    jobs, told, go_on = Jobs(1, lambda error: None), threading.Event(), threading.Event()
    seen: list[str] = []

    def work(job: Job) -> str:
        job.tell("first")
        told.set()
        go_on.wait(10)
        job.tell("second")
        seen.append("never")
        return "/goal"

    _, job = begun(jobs, work)
    assert told.wait(10)
    job.cancel()
    assert job.state is JobState.CANCELLED
    go_on.set()
    # The next one has its turn when the thread of the first ended.
    _, after = begun(jobs, lambda job: "/after")
    assert after.wait(10)
    assert (job.state, job.goal, seen, after.goal) == (JobState.CANCELLED, "", [], "/after")


def test_a_job_that_ends_after_it_was_cancelled_stays_cancelled() -> None:
    jobs, go_on = Jobs(1, lambda error: None), threading.Event()
    _, job = begun(jobs, lambda job: str(go_on.wait(10)))
    job.cancel()
    go_on.set()
    _, after = begun(jobs, lambda job: "/after")
    assert after.wait(10)
    assert job.state is JobState.CANCELLED


def test_errors_and_faults_are_told_apart() -> None:
    faults: list[BaseException] = []
    jobs = Jobs(1, faults.append)

    def refused(job: Job) -> str:
        raise CriteriaError("scope", found="x", expected="y")

    def broken(job: Job) -> str:
        raise ZeroDivisionError("D1")

    _, first = begun(jobs, refused)
    _, second = begun(jobs, broken)
    assert first.wait(10)
    assert second.wait(10)
    assert (first.state, second.state) == (JobState.FAILED, JobState.FAILED)
    assert isinstance(first.error, CriteriaError)
    assert second.error is None
    assert [type(one) for one in faults] == [ZeroDivisionError]


def test_many_wait_for_a_job_without_a_thread() -> None:
    jobs, go_on = Jobs(1, lambda error: None), threading.Event()
    _, job = begun(jobs, lambda job: str(go_on.wait(30)))
    before = threading.active_count()

    async def wait() -> list[bool]:
        assert not await job.ended(0.01)
        waiting = [asyncio.create_task(job.ended(30)) for _ in range(100)]
        await asyncio.sleep(0.01)
        assert threading.active_count() == before
        go_on.set()
        return await asyncio.gather(*waiting, job.ended(30))

    assert asyncio.run(wait()) == [True] * 101
    assert asyncio.run(job.ended(0))
    # Who waited, and whose loop is closed by now, is told of nothing any more.
    job.cancel()


def test_too_many_jobs_are_refused() -> None:
    jobs, go_on = Jobs(1, lambda error: None), threading.Event()
    started = [jobs.start(lambda job: str(go_on.wait(30)), "/") for _ in range(80)]
    assert sum(one is None for one in started) == 15
    go_on.set()
    assert all(one[1].wait(30) for one in started if one is not None)


def test_a_store_forgets_what_was_longest_unused() -> None:
    store = Kept[int](most=2)
    keys = [store.add(1), store.add(2)]
    assert store.get(keys[0]) == 1
    keys.append(store.add(3))
    assert [store.get(key) for key in keys] == [1, None, 3]
    assert len(set(keys)) == 3
    assert all(len(key) >= 20 for key in keys)
    store.remove(keys[0])
    store.remove("never")
    assert store.values() == [3]


def test_lists_that_are_kept_stay_few(browser, desk) -> None:
    addresses = [browser.list_of(patient_id=f"P{n}") for n in range(MOST_LISTS + 6)]
    assert len(desk.lists) == MOST_LISTS
    gone = browser.get(addresses[0])
    assert gone.status_code == 404
    assert "kept no longer" in gone.text
    for path in ("about", "next", "compare", "export.csv", "donor/0"):
        assert browser.get(f"{addresses[0]}/{path}").status_code == 404
    assert browser.get(addresses[-1]).status_code == 200


def test_a_report_that_takes_long_waits_to_be_saved(browser, monkeypatch: pytest.MonkeyPatch) -> None:
    address = browser.list_of()
    monkeypatch.setattr("hla_match.desk.search_routes._PATIENCE", 0)
    page = browser.post(f"{address}/report", data={"ending": ".html"}, headers=ORIGIN)
    while page.url.path.startswith("/work/") and "Save the report" not in page.text:
        page = browser.get(page.url.path, headers={"HX-Request": "true"})
    if page.url.path.startswith("/work/"):
        assert f'href="{address}"' in page.text
        # The answer may be a whole page already, with further links above.
        to_save = page.text.partition("Save the report")[0].rpartition('href="')[2]
        page = browser.get(to_save.partition('"')[0])
    assert page.headers["content-disposition"].startswith("attachment")


def test_long_work_is_shown_and_can_be_cancelled(browser, desk, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def search(request, patient, actor, on_text):
        on_text("Estimating ...")
        go_on.wait(30)
        on_text("later")
        raise AssertionError

    monkeypatch.setattr(desk.registries, "search", search)
    monkeypatch.setattr("hla_match.desk.search_routes._PATIENCE", 0.1)
    found = browser.post("/search", data={"typing": PATIENT}, headers=ORIGIN)
    assert found.url.path.startswith("/work/")
    assert "Estimating ..." in found.text
    assert "<noscript><meta" in found.text
    part = browser.get(found.url.path, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "hx-get" in part.text
    assert browser.post(f"{found.url.path}/cancel", headers=ORIGIN | {"Content-Type": "text/plain"}).url.path == "/"
    go_on.set()
    assert "cancelled" in browser.get(found.url.path).text

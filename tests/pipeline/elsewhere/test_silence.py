"""Workers and schedulers that do not answer: what is said, and when it is enough."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from soorgeon_clone.pipeline.elsewhere.silence import Watch


class Cluster:
    """Workers that beat until they are stopped; the clock is ours."""

    def __init__(self) -> None:
        self.now = 0.0
        self.beats = {"a": 0.0, "b": 0.0}
        self.tasks: dict[str, list[str]] = {"a": ["fit"], "b": []}
        self.stopped: set[str] = set()
        self.given_up: list[str] = []
        self.answers = True

    def heartbeats(self) -> Mapping[str, float]:
        if not self.answers:
            raise TimeoutError
        self.beats.update({worker: 1000 + self.now for worker in self.beats if worker not in self.stopped})
        return dict(self.beats)

    def running(self) -> Mapping[str, list[str]]:
        return {worker: names for worker, names in self.tasks.items() if worker in self.beats}

    def give_up(self, worker: str) -> None:
        self.given_up.append(worker)
        del self.beats[worker]


def said(cluster: Cluster, watch: Watch, seconds: int) -> list[tuple[float, str]]:
    """What is said in so many seconds, with the second in which it is."""
    found = []
    for _ in range(seconds):
        cluster.now += 1
        if cluster.answers:
            watch.look()
        found += [(cluster.now, news.text + (" END" if news.ends else "")) for news in watch.news()]
    return found


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def watch(cluster: Cluster) -> Watch:
    return Watch(cluster, 60, clock=lambda: cluster.now)


def test_who_answers_is_left_alone(cluster: Cluster, watch: Watch) -> None:
    assert said(cluster, watch, 300) == [] == cluster.given_up


def test_a_silent_worker_is_named_after_15_s_and_given_up_after_60(cluster: Cluster, watch: Watch) -> None:
    said(cluster, watch, 10)
    cluster.stopped.add("a")
    first, second = said(cluster, watch, 100)
    assert first[0] == 26 and "worker a, which runs 'fit', does not answer for 16 s" in first[1]
    assert "after 60 s (--worker-timeout)" in first[1]
    assert second == (71, "worker a did not answer for 61 s and is given up, with 'fit'")
    assert cluster.given_up == ["a"]


def test_a_silent_worker_without_tasks_of_ours_is_no_news(cluster: Cluster, watch: Watch) -> None:
    cluster.stopped.add("b")
    assert said(cluster, watch, 200) == []


def test_a_worker_that_comes_back_may_fall_silent_again(cluster: Cluster, watch: Watch) -> None:
    for _ in range(2):
        cluster.stopped.add("a")
        assert len(said(cluster, watch, 20)) == 1
        cluster.stopped.clear()
        said(cluster, watch, 5)
    assert cluster.given_up == []


def test_a_silent_scheduler_ends_the_build(cluster: Cluster, watch: Watch) -> None:
    said(cluster, watch, 1)
    cluster.answers = False
    found = said(cluster, watch, 61)
    assert found[0] == (17, "the Dask scheduler does not answer for 16 s; the build ends after 60 s (--worker-timeout)")
    assert found[1:] == [(62, "the Dask scheduler did not answer for 61 s END")]
    assert cluster.given_up == [], "nobody knows how its workers are"


def test_a_scheduler_that_was_silent_for_a_while_costs_no_worker(cluster: Cluster, watch: Watch) -> None:
    said(cluster, watch, 5)
    cluster.answers = False
    assert len(said(cluster, watch, 40)) == 1
    cluster.answers = True
    assert said(cluster, watch, 30) == [] == cluster.given_up


def test_nobody_left(cluster: Cluster, watch: Watch) -> None:
    del cluster.beats["b"]
    said(cluster, watch, 1)
    cluster.stopped.add("a")
    texts = [text for _, text in said(cluster, watch, 130)]
    assert texts[2:4] == [
        "no Dask worker is there; tasks wait for one",
        "no Dask worker is left, and none came for 61 s END",
    ]


def test_nobody_there_yet_is_said_and_waited_for(cluster: Cluster, watch: Watch) -> None:
    cluster.beats.clear()
    assert [text for _, text in said(cluster, watch, 300)] == ["no Dask worker is there; tasks wait for one"]

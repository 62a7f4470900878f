from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sm_raw.local.store import Record, Store, arn


def record(name: str, region: str = "us-east-1", kind: str = "model") -> Record:
    return Record(region, kind, name, arn(region, kind, name), {"Status": "Creating", "Inner": {"a": 1}})


def test_records_are_kept_by_region_kind_and_name() -> None:
    store = Store()
    kept = [store.add(record(*key)) for key in (("a",), ("b",), ("a", "eu-west-1"), ("a", "us-east-1", "endpoint"))]
    assert store.get("us-east-1", "model", "a") is kept[0]
    assert store.get("eu-west-1", "model", "b") is None
    assert store.all("us-east-1", "model") == kept[:2]
    assert store.by_arn(kept[2].arn) is kept[2]
    assert store.by_arn("arn:nothing") is None
    with pytest.raises(KeyError):
        store.add(record("a"))


def test_an_arn_is_written_small() -> None:
    assert arn("us-east-1", "training-job", "My-Job") == (
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/my-job"
    )


def test_removing_takes_the_tags_along_and_spares_a_namesake() -> None:
    store = Store()
    first = store.add(record("a"))
    store.tags(first.arn)["team"] = "vision"
    store.remove(first)
    store.remove(first)
    second = store.add(record("a"))
    assert store.tags(second.arn) == {}
    store.remove(first)
    assert store.get("us-east-1", "model", "a") is second


def test_descriptions_that_are_handed_out_are_copies() -> None:
    store = Store()
    kept = store.add(record("a"))
    store.describe(kept)["Inner"]["a"] = 2
    assert store.describe(kept)["Inner"] == {"a": 1}


def test_an_update_is_a_modification() -> None:
    store = Store()
    kept = store.add(record("a"))
    before = store.now()
    store.update(kept, Status="InService")
    assert kept.description["Status"] == "InService"
    assert before < kept.description["LastModifiedTime"] < store.now()


def test_of_many_that_move_a_status_on_one_does() -> None:
    store = Store()
    kept = store.add(record("a"))
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: store.advance(kept, "Status", {"Creating"}, "Deleting", By="me"), range(8)))
    assert sorted(seen) == ["Creating"] + ["Deleting"] * 7
    assert (kept.description["Status"], kept.description["By"]) == ("Deleting", "me")


def test_no_two_times_are_the_same() -> None:
    store = Store()
    with ThreadPoolExecutor(4) as pool:
        times = list(pool.map(lambda _: store.now(), range(200)))
    assert len(set(times)) == 200
    assert all(round(time, 3) == time for time in times)

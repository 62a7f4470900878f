import numpy as np
import pytest

from sm_raw.local.debugger.saved_tensors import SavedTensors, collections_are_complete, mark_end


def test_collections_are_complete_with_one_file_for_each_worker(saved_trial):
    folder, seen = saved_trial.folder, []
    for action in (
        lambda: None,
        lambda: saved_trial.save_collections(workers=2, worker=0),
        lambda: saved_trial.save_collections(workers=2, worker=1),
    ):
        action()
        seen.append(collections_are_complete(folder))
    assert seen == [False, False, True]


def test_steps_have_modes_names_and_values(saved_trial):
    saved_trial.save_collections()
    saved_trial.save_step(0, {"loss": 1.5, "gradient/a": [1, -3]})
    saved_trial.save_step(7, {"loss": 2.5}, mode="EVAL", mode_step=0)
    saved_trial.save_step(8, {"other": 0.5}, mode="GLOBAL")
    tensors = SavedTensors(saved_trial.folder)
    assert [(step, tensors.mode(step), tensors.mode_step(step)) for step in tensors.new_steps()] == [
        (0, "TRAIN", 0),
        (7, "EVAL", 0),
        (8, "GLOBAL", 8),
    ]
    assert tensors.tensor_names(0, collection="losses") == ["loss"]
    assert tensors.tensor_names(0, collection="gradients") == ["gradient/a"]
    assert tensors.tensor_names(0, collection="unheard of") == []
    assert tensors.tensor_names(0, regex=("^loss$", "/a")) == ["gradient/a", "loss"]
    assert tensors.tensor_names(8, collection="losses") == []
    np.testing.assert_array_equal(tensors.value("gradient/a", 0), [1, -3])
    assert tensors.value("loss", 7).item() == 2.5
    assert (tensors.value("loss", 8), tensors.value("never saved", 0)) == (None, None)


def test_a_reduction_is_read_where_only_it_was_saved_and_computed_elsewhere(saved_trial):
    reduced = saved_trial.reduction_name("gradient/a", "mean", absolute=True)
    saved_trial.save_collections()
    saved_trial.save_step(0, {reduced: 0.25})
    saved_trial.save_step(1, {"gradient/a": [1, -3]})
    tensors = SavedTensors(saved_trial.folder)
    assert tensors.new_steps() == [0, 1]
    assert tensors.tensor_names(0, collection="gradients") == ["gradient/a"]
    assert tensors.value("gradient/a", 0) is None
    assert [tensors.reduction("gradient/a", step, "mean", absolute=True) for step in (0, 1)] == [0.25, 2.0]
    assert [tensors.reduction("gradient/a", step, "mean") for step in (0, 1)] == [None, -1.0]
    assert [tensors.reduction("gradient/a", step, "variance") for step in (0, 1)] == [None, 4.0]


def test_new_steps_are_those_saved_since_the_last_call(saved_trial):
    saved_trial.save_collections()
    tensors = SavedTensors(saved_trial.folder)
    seen = [tensors.new_steps()]
    for step in (0, 3):
        saved_trial.save_step(step, {"loss": 1})
        seen += [tensors.new_steps(), tensors.new_steps()]
    assert seen == [[], [0], [], [3], []]


def test_a_step_is_complete_when_all_workers_wrote_it_or_the_job_has_ended(saved_trial):
    for worker in (0, 1):
        saved_trial.save_collections(workers=2, worker=worker)
        saved_trial.save_step(0, {"loss": 1}, worker=worker)
    saved_trial.save_step(1, {"loss": 1}, worker=0)
    tensors = SavedTensors(saved_trial.folder)
    seen = [tensors.new_steps()]
    mark_end(saved_trial.folder)
    assert [*seen, tensors.new_steps()] == [[0], [1]]


def test_a_tensor_whose_file_is_missing_is_not_there(saved_trial):
    saved_trial.save_collections()
    saved_trial.save_step(0, {"loss": 1})
    next(saved_trial.folder.rglob("*.tfevents")).unlink()
    tensors = SavedTensors(saved_trial.folder)
    assert tensors.new_steps() == [0]
    with pytest.warns(DeprecationWarning, match="warn"):  # smdebug's own way to log it
        assert tensors.value("loss", 0) is None


def test_the_end_is_marked_in_the_folder_only_if_there_is_one(tmp_path):
    mark_end(tmp_path)
    mark_end(tmp_path / "never made")
    assert [path.name for path in tmp_path.iterdir()] == ["training_job_end.ts"]

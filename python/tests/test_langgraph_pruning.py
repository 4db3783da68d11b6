"""Deletion of the checkpoints of LangGraph."""

from uuid import uuid4

from checkpoints import config_of, delta_thread, ids, put


def test_pruning_keeps_what_delta_channels_need(saver):
    (head,) = delta_thread(saver, "d", 1, 25, ["m"])
    arguments = {"config": head, "channels": ["m"]}
    expected = saver.get_delta_channel_history(**arguments)
    assert expected["m"]["seed"] == ["snapshot 0 20"]
    # The last checkpoint, and its ancestors up to the snapshot.
    assert saver.prune(["d"], dry_run=True) == 20
    assert saver.prune(["d"]) == 20
    assert ids(saver.list(config_of("d"))) == [f"0{step} 0" for step in range(25, 19, -1)]
    assert saver.get_delta_channel_history(**arguments) == expected
    # Without a snapshot of "n", every checkpoint is needed.
    delta_thread(saver, "e", 1, 25)
    assert saver.prune(["d", "e"], keep_last=2) == 0


def test_pruning_keeps_the_last_checkpoints_of_each_namespace(saver):
    for namespace in ("", "child:1"):
        config = config_of("a", None, namespace)
        for number in range(6):
            config = put(
                saver, config, str(number), {"c": 1}, changed={"c": 1} if number == 0 else {}
            )
        saver.put_writes(config, [("c", namespace)], "task")
    saver.copy_thread("a", "b")
    assert saver.prune(["a"], keep_last=2, dry_run=True) == 8
    assert len(list(saver.list(config_of("a")))) == 6
    assert saver.prune(["a"], keep_last=2) == 8
    assert saver.prune(["a", "missing"], keep_last=2) == 0
    for namespace in ("", "child:1"):
        found = list(saver.list(config_of("a", None, namespace)))
        assert ids(found) == ["5", "4"]
        assert [one.checkpoint["channel_values"] for one in found] == [{"c": 1}] * 2
        assert found[0].pending_writes == [("task", "c", namespace)]
    assert saver.prune(["a"]) == 2
    assert saver.prune(["a"], strategy="delete", dry_run=True) == 2
    assert saver.prune(["a", "b"], strategy="delete") == 14
    assert list(saver.list(None)) == []
    assert saver.prune([]) == 0


def test_runs_are_deleted_in_all_threads(saver):
    for thread in "ab":
        config = config_of(thread) | {"metadata": {"run_id": "run 1"}}
        first = put(saver, config, "1")
        put(saver, first, "2", run_id="run 2")
    saver.delete_for_runs(["run 1", "missing"])
    assert ids(saver.list(None)) == ["2", "2"]
    run = uuid4()
    put(saver, config_of("c"), "3", run_id=run)
    saver.delete_for_runs([run])
    saver.delete_for_runs([])
    assert ids(saver.list(None)) == ["2", "2"]

"""Lists of the checkpoints of LangGraph."""

from checkpoints import collected, config_of, ids, put


def test_filters_compare_whole_values_of_the_metadata(saver):
    for number, metadata in enumerate(
        [
            {"user": {"id": 1, "name": "Ada"}, "tags": ["a", "b"]},
            {"user": {"id": 1}, "tags": ["a"]},
            {"user": None, "score": 9},
            {"score": 10, "key'; --": "a\0b"},
        ]
    ):
        put(saver, config_of("a"), str(number), **metadata)

    def found(**filter):
        result = ids(saver.list(config_of("a"), filter=filter))
        assert result == ids(collected(saver.alist(config_of("a"), filter=filter)))
        return result

    assert found(user={"id": 1}) == ["1"]
    assert found(user={"name": "Ada", "id": 1}) == ["0"]
    assert found(user=None) == ["3", "2"]
    assert found(tags=["a"]) == ["1"]
    assert found(score=9) == ["2"]
    assert found(score="9") == []
    assert found(source="loop", step=1, score=10) == ["3"]
    assert found(**{"key'; --": "a\0b"}) == ["3"]
    assert found(**{"user.id": 1}) == []
    assert found() == ["3", "2", "1", "0"]


def test_lists_are_paged_over_all_threads_without_gaps_or_repetitions(saver):
    names = [f"{number:03}" for number in range(45)]
    config = config_of("a")
    for name in names:
        config = put(saver, config, name, {"c": name}, parity=int(name) % 2)
    # The copies have the same ids, so pages begin within equal ones.
    saver.copy_thread("a", "b")
    saver.copy_thread("a", "c")
    everything = list(saver.list(None))
    assert ids(everything) == sorted(names * 3, reverse=True)
    places = {(one.config["configurable"]["thread_id"], one.checkpoint["id"]) for one in everything}
    assert len(places) == 135
    assert all(one.checkpoint["channel_values"]["c"] == one.checkpoint["id"] for one in everything)
    assert collected(saver.alist(None)) == everything
    before = config_of("another", "040")
    assert ids(saver.list(None, before=before, limit=4)) == ["039"] * 3 + ["038"]
    odd = ids(saver.list(config_of("b"), filter={"parity": 1}, limit=21))
    assert odd == sorted(names[1::2], reverse=True)[:21]
    assert ids(saver.list(config_of("b", "007"))) == ["007"]
    assert list(saver.list(config_of("b", "007"), before=config_of("b", "007"))) == []
    for limit in (0, -1):
        assert (
            list(saver.list(None, limit=limit)) == collected(saver.alist(None, limit=limit)) == []
        )
    for limit in (1, 20, 21, 40, 135, 136):
        assert list(saver.list(None, limit=limit)) == everything[:limit]


def test_list_continues_while_other_calls_use_the_saver(saver):
    config = config_of("a")
    for number in range(30):
        config = put(saver, config, f"{number:03}", {"c": number})
    seen = []
    for found in saver.list(config_of("a")):
        checkpoint_id = found.checkpoint["id"]
        seen.append(checkpoint_id)
        saver.put_writes(found.config, [("c", 1)], "task")
        put(saver, config_of("a"), "9" + checkpoint_id)
    assert seen == [f"{number:03}" for number in range(29, -1, -1)]

"""Graphs of LangGraph that use the saver and the store."""

import asyncio
import operator
from typing import Annotated, TypedDict

from chatkeep.langgraph import ChatkeepSaver, ChatkeepStore
from checkpoints import config_of
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Command, interrupt


class State(TypedDict):
    texts: Annotated[list[str], operator.add]


def interrupted_graph(saver):
    """Returns a graph that asks a question in a subgraph, after a step of each."""
    inner = StateGraph(State)
    inner.add_node("before", lambda state: {"texts": ["inner"]})
    inner.add_node("ask", lambda state: {"texts": [interrupt("which?")]})
    inner.add_edge(START, "before")
    inner.add_edge("before", "ask")
    outer = StateGraph(State)
    outer.add_node("before", lambda state: {"texts": ["outer"]})
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "before")
    outer.add_edge("before", "inner")
    return outer.compile(checkpointer=saver)


def test_interrupted_graphs_are_resumed_after_pruning(saver):
    graph = interrupted_graph(saver)
    for thread in "ab":
        asked = graph.invoke({"texts": ["in"]}, config_of(thread))
        assert [one.value for one in asked["__interrupt__"]] == ["which?"]
    assert saver.prune(["a", "b"]) > 0
    expected = ["in", "outer", "in", "outer", "inner", "this"]
    # The coroutines resume the steps that the blocking calls stored.
    resumed = asyncio.run(graph.ainvoke(Command(resume="this"), config_of("a")))
    assert resumed == {"texts": expected}
    assert graph.invoke(Command(resume="this"), config_of("b")) == {"texts": expected}


def test_state_of_an_earlier_checkpoint_can_be_continued(saver):
    graph = interrupted_graph(saver)
    graph.invoke({"texts": ["in"]}, config_of("a"))
    graph.invoke(Command(resume="this"), config_of("a"))
    states = list(graph.get_state_history(config_of("a")))
    (earlier,) = [state for state in states if state.next == ("before",)]
    asked = graph.invoke(None, earlier.config)
    assert asked["texts"] == ["in", "outer"]
    resumed = graph.invoke(Command(resume="that"), config_of("a"))
    assert resumed["texts"][-1] == "that"
    ends = [state.values["texts"][-1:] for state in graph.get_state_history(config_of("a"))]
    assert ends.count(["this"]) == ends.count(["that"]) == 1


def test_graphs_use_the_store(chat):
    def remember(state: MessagesState, *, store: BaseStore):
        store.put(("users", "ada"), "last", {"text": state["messages"][-1].content})
        return {"messages": [("ai", f"{len(store.search(('users',)))} memories")]}

    async def recall(state: MessagesState, *, store: BaseStore):
        item = await store.aget(("users", "ada"), "last")
        return {"messages": [("ai", item.value["text"])]}

    def graph(node):
        builder = StateGraph(MessagesState)
        builder.add_node("node", node)
        builder.add_edge(START, "node")
        return builder.compile(checkpointer=ChatkeepSaver(chat), store=ChatkeepStore(chat))

    config = {"configurable": {"thread_id": "a"}}
    answer = graph(remember).invoke({"messages": [("user", "I like tea")]}, config)
    assert answer["messages"][-1].content == "1 memories"
    config = {"configurable": {"thread_id": "b"}}
    answer = asyncio.run(graph(recall).ainvoke({"messages": [("user", "?")]}, config))
    assert answer["messages"][-1].content == "I like tea"

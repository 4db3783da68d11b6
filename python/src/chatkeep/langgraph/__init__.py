"""LangGraph integration: a checkpoint saver and a store on every database of chatkeep.

``ChatkeepSaver`` stores the checkpoints of graphs, and ``ChatkeepStore`` the long-term memory of
agents. Without an argument, they use the database that the environment variables name.
LangGraph is not a dependency of chatkeep; ``pip install "chatkeep[langgraph]"`` adds the package
with its interface.

Examples:
    >>> from typing import TypedDict
    >>> from chatkeep.langgraph import ChatkeepSaver
    >>> from langgraph.graph import START, StateGraph
    >>> class State(TypedDict):
    ...     number: int
    >>> builder = StateGraph(State)
    >>> _ = builder.add_node("double", lambda state: {"number": 2 * state["number"]})
    >>> _ = builder.add_edge(START, "double")
    >>> config = {"configurable": {"thread_id": "a"}}
    >>> with ChatkeepSaver("sqlite:///:memory:") as saver:
    ...     graph = builder.compile(checkpointer=saver)
    ...     _ = graph.invoke({"number": 21}, config)
    ...     graph.get_state(config).values
    {'number': 42}
"""

from chatkeep.langgraph._saver import ChatkeepSaver
from chatkeep.langgraph._store import ChatkeepStore

__all__ = ["ChatkeepSaver", "ChatkeepStore"]

# Users import the classes from here, and tracebacks show this name.
ChatkeepSaver.__module__ = __name__
ChatkeepStore.__module__ = __name__

"""Settings of the Python reference. `cargo xtask docs` puts the compiled package on the path."""

import importlib

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

project = "chatkeep"
author = "the chatkeep authors"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Docstrings follow Google's style and name the type of each argument.
napoleon_numpy_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}

# Every reference must resolve, except those to other packages, whose indexes are not fetched.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(datetime|date|PathLike|TypedDict|Callable|.*\.PathLike|.*\.TypedDict)"),
    (r"py:.*", r"(asyncio|collections|datetime|fastapi|flask|os|starlette|types|typing)\..*"),
    (r"py:class", r"chatkeep\.types\._.*"),
    # Names of Starlette and Werkzeug.
    (r"py:.*", r"(ASGIApp|Forbidden|HTTPException|Unauthorized)"),
    # Base classes and the results of decorators, which have no entry.
    (r"py:.*", r"((chatkeep\._web_sessions\.)?SessionGuard|chatkeep\.flask\._Guard)"),
    # LangGraph's names of types.
    (r"py:class", r"(Channel|Checkpoint|DeltaChannel|Index|Runnable|Serializer|TTL)\w*"),
    (r"py:.*", r"(Op|Result|InvalidNamespaceError)"),
    # Those of the SDKs of OpenAI and Claude, and of Pydantic AI.
    (
        r"py:.*",
        r"(ModelMessage|Session(Key|Settings|Store|\w+Entry|ListSubkeysKey)|TResponseInputItem)",
    ),
    (r"py:.*", r"(agents|claude_agent_sdk|pydantic_ai)\..*"),
    (r"py:.*", r"typing_extensions\..*"),
]

html_theme = "furo"
html_title = "chatkeep for Python"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False

MODULES = [
    "chatkeep",
    "chatkeep.asyncio",
    "chatkeep.claude_agent",
    "chatkeep.fastapi",
    "chatkeep.flask",
    "chatkeep.langgraph",
    "chatkeep.openai_agents",
    "chatkeep.pydantic_ai",
    "chatkeep.starlette",
]


def check_complete(app: Sphinx, env: BuildEnvironment) -> None:
    """Warns about public names without an entry."""
    documented = {name for name, *_ in env.get_domain("py").get_objects()}
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            if f"{module}.{name}" not in documented:
                logging.getLogger(__name__).warning("%s.%s has no entry", module, name)


def setup(app: Sphinx) -> None:
    """Registers the check."""
    app.connect("env-check-consistency", check_complete)

"""Examples of the operations on a database. The docstrings and the reference include them."""

from chatkeep import Chatkeep


def database() -> None:
    db = Chatkeep("postgresql://bot:secret@db.example/chat").db_manager
    db.db_type, db.database_url
    # -> ('postgresql', 'postgresql://bot:***@db.example/chat')


def health() -> None:
    health = Chatkeep("sqlite:///:memory:").db_manager.health()
    health["ok"], health["engine"], health["schema"]
    # -> (True, 'sqlite', 'head')


def migration_status() -> None:
    db = Chatkeep("sqlite:///:memory:").db_manager
    db.upgrade()
    # -> []
    db.migration_status()["pending"]
    # -> []


def migrate() -> None:
    chat = Chatkeep("sqlite:///:memory:")
    chat.db_manager.migrate("check")["matches"]
    # -> True


def create_search_index() -> None:
    db = Chatkeep("sqlite:///:memory:").db_manager
    db.create_search_index(), db.search_index(), db.search_index_minimum()
    # -> (True, 'ready', 3)

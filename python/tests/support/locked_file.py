"""A SQLite file that is locked by another process."""

from contextlib import contextmanager

from programs import start


@contextmanager
def locked_file(path):
    """Holds the write lock."""
    holder = start(
        """
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.read()
        connection.execute("ROLLBACK")
        connection.close()
        """,
        path,
    )
    try:
        assert holder.stdout.readline() == "locked\n"
        yield
        assert holder.communicate(timeout=60) == ("", "")
    finally:
        holder.kill()
        holder.wait()

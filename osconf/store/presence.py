"""Whether paths are valid, asked without opening the store: by a call of the program that may have nothing to do.

No import here that takes time.
"""

from __future__ import annotations

TYPE_CHECKING = False  # As `typing` has it, which takes longer to load than all that is loaded here.
if TYPE_CHECKING:
    from collections.abc import Iterable


def are_valid(database: str, paths: Iterable[str]) -> bool:
    """Whether a store's database has all these paths; no, too, where it cannot be asked at once."""
    # What `sqlite3` adds to it are dates, which take as long to load as the rest.
    import _sqlite3 as sqlite3

    quoted = database.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        connection = sqlite3.connect(f"file:{quoted}?mode=rw", uri=True, timeout=0, isolation_level=None)
    except sqlite3.Error:
        return False
    try:
        # One transaction: a collection of garbage in between must not be seen by half.
        connection.execute("BEGIN")
        question = "SELECT 1 FROM paths WHERE path = ?"
        return all(connection.execute(question, (path,)).fetchone() is not None for path in paths)
    except sqlite3.Error:
        return False
    finally:
        connection.close()

"""Which generations a collection forgets."""

from __future__ import annotations

from pathlib import Path

from osconf.rebuild.garbage import forget_old_generations
from osconf.store.profiles import Profile


def test_old_generations_of_every_profile(tmp_path: Path) -> None:
    for name in ("tools", "user-1000"):
        profile = Profile(tmp_path / name)
        for number in range(1, 5):
            profile.add_generation(f"/osconf/store/{number}")
        profile.switch_to(2)
    forget_old_generations(tmp_path, keep=None, older_than=3600)
    forget_old_generations(tmp_path, keep=1, older_than=None)
    for name in ("tools", "user-1000"):
        assert [generation.number for generation in Profile(tmp_path / name).generations()] == [2, 4]

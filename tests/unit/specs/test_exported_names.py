from __future__ import annotations

import sm_raw.specs


def test_every_builder_is_exported_and_the_list_is_sorted():
    imported = {
        name
        for name, value in vars(sm_raw.specs).items()
        if getattr(value, "__module__", "").startswith("sm_raw.specs.") or name.isupper()
    }
    assert sm_raw.specs.__all__ == sorted(imported)

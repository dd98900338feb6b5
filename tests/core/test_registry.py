"""Names are looked up with a hint."""

import pytest

from feathermr.core.errors import MissingExtraError, UsageError
from feathermr.core.optional import EXTRAS, require
from feathermr.core.registry import look_up

TABLE = {"cg-sense": 1, "l1-wavelet": 2, "tv": 3}


def test_a_known_name_is_found() -> None:
    assert look_up(TABLE, "l1-wavelet", "method") == 2


@pytest.mark.parametrize("typo", ["cgsense", "cg_sense", "CG-SENSE".lower() + "s"])
def test_a_near_name_is_proposed(typo: str) -> None:
    with pytest.raises(UsageError, match=rf"no method is called '{typo}'.*mean 'cg-sense'\?"):
        look_up(TABLE, typo, "method")


def test_a_far_name_lists_all() -> None:
    with pytest.raises(UsageError, match="there are: cg-sense, l1-wavelet, tv"):
        look_up(TABLE, "qqqq", "method")


def test_a_missing_extra_gives_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(EXTRAS, "feathermr_no_such_module", "deploy")
    with pytest.raises(MissingExtraError, match=r"pip install 'feathermr\[deploy\]'"):
        require("feathermr_no_such_module")


def test_an_installed_module_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "json", "train")
    assert require("json").dumps([1]) == "[1]"


def test_a_module_outside_the_table_is_never_imported() -> None:
    with pytest.raises(KeyError):
        require("subprocess")

"""What an untrained network would cost."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from benchmarks.__main__ import main
from benchmarks.records import read_record
from benchmarks.search import SearchRow, parsed, to_table
from sdk.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_networks_of_any_size_and_width_take_turns(tmp_path, capsys):
    out = tmp_path / "search.json"
    names = ["asmnet_code:32:0.25", "asmnet_code:64:0.25"]
    assert main(["search", *names, "--runs", "5", "--out", str(out)]) == 0
    record = read_record(out)
    small, large = (SearchRow(**row) for row in record["rows"])
    assert (small.network, small.size, small.width) == ("asmnet_code", 32, 0.25)
    assert small.mmacs * 3.5 < large.mmacs < small.mmacs * 4.5
    assert 0 < small.parameters_m < large.parameters_m < 0.2  # one sees more places
    assert small.ratio > 0
    assert to_table(record) in capsys.readouterr().out


@pytest.mark.parametrize("text", ["asmnet_code", "asmnet_code:96", "asmnet_code:x:1", "a:96:1:2"])
def test_what_is_no_network_of_a_size_is_refused(text):
    with pytest.raises(InputError, match=r"expected NETWORK:SIZE:WIDTH, as asmnet_code:160:1\.125"):
        parsed(text)

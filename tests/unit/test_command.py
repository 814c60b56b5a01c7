"""The command as a whole: version, help, errors in one line, presets as files, light imports."""

import os
import subprocess
import sys

import pytest

import arbcore

FILE = ["absent.csv", "--symbol", "BTCUSDT", "--out", "o"]


def command(*arguments, cwd=None):
    """Run the command as a shell does: exit code, stdout, stderr."""
    program = [sys.executable, "-c", "from arbcore.cli import main; main()", *arguments]
    env = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(program, cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_version():
    assert command("--version") == (0, f"{arbcore.__version__}\n", "")


def test_help_names_every_command():
    code, out, _ = command("--help")
    assert code == 0
    for name in ("backtest", "bars", "data", "features", "presets", "sweep"):
        assert f" {name} " in out
    _, out, _ = command("data", "--help")
    for name in ("export", "generate", "import", "inspect"):
        assert f" {name} " in out


@pytest.mark.parametrize("name", ["v53", "v50", "v52_8signals", "sol_5m_1h_tp1.5"])
def test_a_preset_as_a_file_is_the_preset(name):
    symbol = None if "_tp" in name else "ETHUSDT"
    code, out, _ = command("presets", name, *([] if symbol is None else ["--symbol", symbol]))
    assert code == 0
    want = arbcore.preset(name, symbol)
    assert arbcore.Strategy.from_toml(out) == want
    assert arbcore.Strategy.from_toml(out).config_hash == want.config_hash


def test_presets_are_listed():
    _, out, _ = command("presets")
    assert out.splitlines() == arbcore.preset_names()
    assert len(out.splitlines()) == 6 + 72


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["presets", "v54", "--symbol", "BTCUSDT"], "v54"),
        (["presets", "v53"], "symbol: missing"),
        (["backtest", *FILE, "--preset", "v51_baseline"], "absent.csv"),
        (["backtest", *FILE, "--set", "entry_score=50"], "must be between 60 and 95"),
        (["backtest", *FILE, "--every", "soon"], "every = 'soon'"),
        (["sweep", *FILE, "--grid", "no.toml"], "no.toml"),
        (["data", "inspect", "absent.csv"], "absent.csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_error_is_one_line(tmp_path, arguments, message):
    code, out, err = command(*arguments, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("arbcore: ")
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_importing_loads_nothing_heavy():
    heavy = ("polars", "rich", "jinja2", "numpy", "pyarrow", "cyclopts", "msgspec")
    program = f"import sys, arbcore; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'backtests'"):
        _ = arbcore.backtests
    assert set(arbcore.__all__) == set(dir(arbcore))
    for name in arbcore.__all__:
        assert getattr(arbcore, name) is not None
